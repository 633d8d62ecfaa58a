import Testing

@Suite struct VerdictsTests {}
