import Testing

@Suite struct DomainTests {}
