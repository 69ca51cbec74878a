"""Roll-ups against straight SQL over the rows: equal, whatever is repeated, late or killed."""
