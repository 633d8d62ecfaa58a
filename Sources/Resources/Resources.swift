// The target Resources.
