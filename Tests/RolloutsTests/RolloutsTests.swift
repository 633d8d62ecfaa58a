import Testing

@Suite struct RolloutsTests {}
