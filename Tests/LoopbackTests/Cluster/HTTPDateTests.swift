import Domain
import KubeWire
import Testing

/// The time in a header field.
struct HTTPDateTests {
    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
        ("Thu, 29 Feb 2024 23:59:60 GMT", "2024-03-01T00:00:00Z"),
        ("Wed, 01 Jan 2025 00:00:00 GMT", "2025-01-01T00:00:00Z"),
    ])
    func itIsRead(_ text: String, _ meant: String) {
        #expect(Timestamp(httpDate: text) == Timestamp(rfc3339: meant))
    }

    @Test(arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nom 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 28:49:37 GMT", "Sun, 36 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sün, 06 Nov 994 08:49:37 GMT",
    ])
    func whatIsNoneIsNotRead(_ text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }
}
