/// What is held against one input: rules that did not hold, and which way it went.
struct Check {
    /// Rules that were broken, in words.
    private(set) var broken: [String] = []
    /// Which way the parser went: inputs that go a way of their own are worth changing further.
    private(set) var way = ""

    /// Notes a rule that has to hold for every input.
    mutating func expect(_ holds: Bool, _ rule: @autoclosure () -> String) {
        if !holds, broken.count < 10 { broken.append(rule()) }
    }

    /// Notes a way; numbers and quoted words make no difference.
    mutating func went(_ words: String) {
        guard way.utf8.count < 400 else { return }
        var isQuoted = false
        for byte in words.utf8.prefix(120) {
            if byte == UInt8(ascii: "`") || byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard !isQuoted, byte | 0x20 >= 97, byte | 0x20 <= 122 || byte == 32 else { continue }
            way.unicodeScalars.append(Unicode.Scalar(byte))
        }
        way += "|"
    }
}

/// A parser of bytes that others write, and the rules that hold for all of them.
struct Parser: Sendable {
    let name: String
    /// What it reads, in a few words.
    let about: String
    /// The longest input that is tried, in bytes.
    var longest = 16 << 10
    let run: @Sendable (_ input: [UInt8], _ check: inout Check) -> Void

    /// All that there are, by name.
    static let all: [Parser] = [
        .json, .jsonList, .lines, .yaml, .texts, .addresses, .release, .source, .status, .desired,
        .golden, .edit, .kubeconfig, .watch, .views, .patches, .api, .pattern, .saved, .engine,
        .election, .git, .rules,
    ].sorted { $0.name < $1.name }

    /// What became of one input.
    func check(_ input: [UInt8]) -> Check {
        var check = Check()
        run(input, &check)
        return check
    }
}
