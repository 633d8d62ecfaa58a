import Testing

@Suite struct CommitsTests {}
