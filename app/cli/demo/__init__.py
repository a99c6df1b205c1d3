"""The demo's stories: some weeks of a service desk, played through the desk's own services under a moved clock."""
