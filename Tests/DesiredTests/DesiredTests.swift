import Testing

@Suite struct DesiredTests {}
