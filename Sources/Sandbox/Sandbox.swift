// The target Sandbox.
