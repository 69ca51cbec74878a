"""Where adapters come from: one file a place, behind `ports.versions.AdapterSources`."""
