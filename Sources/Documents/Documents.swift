// The target Documents.
