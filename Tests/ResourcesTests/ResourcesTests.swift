import Testing

@Suite struct ResourcesTests {}
