"""How control and the processes beside it talk: routes go out, reports come back."""
