import ArgumentParser

extension ExitCode {
    /// 1: a difference, or a check that failed; the command itself worked.
    static let difference = ExitCode(1)

    /// 2: wrong usage, or an error on the way.
    static let trouble = ExitCode(2)
}

/// A command cannot go on; the message is for people and ends without a full stop.
struct Failure: Error {
    let message: String
    let code: ExitCode

    init(_ message: String, code: ExitCode = .trouble) {
        self.message = message
        self.code = code
    }
}
