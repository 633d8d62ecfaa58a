// The target Engine.
