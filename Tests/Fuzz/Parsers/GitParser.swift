import Commits
import Domain
import FoundationEssentials
import Glibc
import Logging
import Synchronization

extension Parser {
    /// What a Git server answers to a fetch: the content type on the first line, the list of
    /// references up to a line `%%%%`, and the answer to the request for objects.
    static let git = Parser(name: "git", about: "answers of Git servers, with libgit2") {
        input, check in
        let cut = input.firstIndex(of: 10) ?? input.endIndex
        let type = String(decoding: input[..<cut], as: UTF8.self)
        let rest = input[min(cut + 1, input.count)...]
        let separator = Array("\n%%%%\n".utf8)
        let middle = rest.firstRange(of: separator)
        let server = CannedServer(
            type: type, list: Array(rest[..<(middle?.lowerBound ?? rest.endIndex)]),
            pack: Array(rest[(middle?.upperBound ?? rest.endIndex)...]))
        let folder = "\(root)/slipway-fuzz-git-\(getpid())"
        try? FileManager.default.removeItem(atPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let outcome = wait { () async -> String in
            do throws(GitError) {
                let address = try RemoteAddress("https://git.test/r.git", permissions: .init())
                let limits = MirrorLimits(fetchSize: 1 << 20, listSize: 1 << 18, freeSpace: 0)
                let mirror = try Mirror(
                    of: address, in: folder, port: server, limits: limits,
                    logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
                let head = try await mirror.fetch("main").head
                _ = try await mirror.files(at: head, under: "")
                return "fetched"
            } catch {
                return "\(error.kind) \(error.message)"
            }
        }
        check.went(outcome)
        check.expect(outcome.utf8.count < 4000, "error: too long")
        check.expect(
            !outcome.unicodeScalars.contains { $0.value < 32 || $0.value == 127 },
            "error: control characters: \(outcome.debugDescription)")
    }

    /// In memory, where there is such a disk.
    private static let root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"

    /// Waits on this thread, which belongs to nobody else, for something asynchronous.
    private static func wait(_ body: @escaping @Sendable () async -> String) -> String {
        let box = ResultBox()
        Task.detached { box.set(await body()) }
        return box.get()
    }
}

/// One value on its way from a task to a thread that waits.
private final class ResultBox: Sendable {
    private let value = Mutex<String?>(nil)

    func set(_ text: String) { value.withLock { $0 = text } }

    func get() -> String {
        while true {
            if let text = value.withLock({ $0 }) { return text }
            usleep(50)
        }
    }
}

/// Answers with what it was given, in small pieces.
private struct CannedServer: GitHTTPPort {
    let type: String
    let list: [UInt8]
    let pack: [UInt8]

    func exchange(_ request: GitHTTPRequest) throws(GitHTTPFailure) -> GitHTTPResponse {
        let bytes = request.method == .get ? list : pack
        let kind = request.method == .get ? "advertisement" : "result"
        return GitHTTPResponse(
            status: 200, contentType: type.replacing("KIND", with: kind),
            body: CannedBody(bytes))
    }
}

private final class CannedBody: GitHTTPBody {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    func next() throws(GitHTTPFailure) -> [UInt8]? {
        guard !rest.isEmpty else { return nil }
        defer { rest = rest.dropFirst(1000) }
        return Array(rest.prefix(1000))
    }

    func close() { rest = [] }
}
