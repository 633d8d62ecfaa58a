// The target Demo.
