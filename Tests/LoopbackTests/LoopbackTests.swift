import Testing

@Suite struct LoopbackTests {}
