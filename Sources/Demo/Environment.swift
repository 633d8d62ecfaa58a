import FoundationEssentials
import Glibc
import Processes
import Sandbox

/// The variables that programs of the demo get: those that say where programs and homes are, and
/// nothing of the person's own settings of Git.
enum Environment {
    static var inherited: [ImageTable.Variable] {
        let names = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SLIPWAY_TEST_RUN"]
        let kept = names.compactMap { name in
            getenv(name).map { ImageTable.Variable(name: name, value: String(cString: $0)) }
        }
        return kept + [
            .init(name: "GIT_CONFIG_GLOBAL", value: "/dev/null"),
            .init(name: "GIT_CONFIG_SYSTEM", value: "/dev/null"),
            .init(name: "GIT_TERMINAL_PROMPT", value: "0"),
        ]
    }
}

/// A file that grows.
final class LogFile: Sendable {
    let path: String
    private let descriptor: Int32

    init(_ path: String) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    func append(_ line: String) { append(Array("\(line)\n".utf8)) }

    /// Its last lines; empty if it cannot be read.
    func lastLines(_ count: Int) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(count).joined(separator: "\n")
    }
}
