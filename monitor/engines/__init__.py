"""What runs the model: one file per engine behind one port."""
