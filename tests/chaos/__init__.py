"""Parts of the service, its database and its engine taken away under load: `make chaos`."""
