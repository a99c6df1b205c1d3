"""The Ringback desk: rooms of the service desk around its workflow engine. Importing it does no work."""
