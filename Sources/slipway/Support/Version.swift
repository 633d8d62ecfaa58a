/// Which Slipway this is.
enum Version {
    static let number = "0.1.0-dev"

    static var text: String { "slipway \(number)" }
}
