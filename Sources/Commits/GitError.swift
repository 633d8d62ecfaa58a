internal import CLibGit2

/// Why something with a Git repository did not work, and what to do about it.
package struct GitError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong.
    package enum Kind: String, Hashable, Sendable {
        /// The address cannot be used; the message says why.
        case invalidURL
        /// There is no repository at the address, or it is not a bare one.
        case repositoryNotFound
        /// The repository has no commits at all.
        case emptyRepository
        case branchNotFound
        /// The folder is not in the commit, or is not a folder.
        case pathNotFound
        /// The mirror does not have this object. After the mirror was made again, or history was
        /// rewritten, commits seen before may be gone.
        case objectNotFound
        /// The server wants other credentials.
        case unauthorized
        /// No connection, a broken one, or an answer that is not Git's.
        case unreachable
        case timedOut
        case cancelled
        /// Larger than a limit of ``MirrorLimits``.
        case tooLarge
        /// An edit, a name or a path that is refused.
        case invalidInput
        /// The disk under the mirror is full.
        case noSpace
        /// The mirror's directory cannot be used: rights, read-only, in use by somebody else.
        case directoryUnusable
        /// The mirror is damaged; the next fetch makes it again.
        case damaged
        /// The system has no more threads, memory or file descriptors.
        case systemError
        /// Everything else; the message is libgit2's.
        case other
    }

    /// What makes sense next.
    package enum Next: Hashable, Sendable {
        /// The same again after a while.
        case retry
        /// Nothing, until somebody changes the declaration.
        case never
    }

    package var kind: Kind
    /// libgit2's code (`GIT_ENOTFOUND` is -3), an `errno`, or an HTTP status; 0 if there is none.
    package var code: Int32
    /// What was being done, such as `fetch main`.
    package var operation: String
    /// For people. It holds no credentials: addresses with some are refused before their use.
    package var message: String

    init(_ kind: Kind, code: Int32 = 0, during operation: String, _ message: String) {
        self.kind = kind
        self.code = code
        self.operation = operation
        self.message = message
    }

    package var next: Next {
        switch kind {
        case .invalidURL, .invalidInput, .tooLarge: .never
        default: .retry
        }
    }

    /// The same, where what is missing must be there.
    var asDamage: GitError { .init(.damaged, code: code, during: operation, message) }

    package var description: String { "\(operation): \(message)" }
}

/// Calls libgit2; a negative answer becomes an error with libgit2's words.
///
/// This is the only place that reads `git_error_last()`: it belongs to the thread, so it has to
/// be read where the call failed, before anything else is called or awaited.
@discardableResult
func git(_ operation: @autoclosure () -> String, _ call: () -> Int32) throws(GitError) -> Int32 {
    let code = call()
    if code < 0 { throw lastError(code: code, during: operation()) }
    return code
}

/// The pointer that a successful call of libgit2 has filled in.
func filled(
    _ pointer: OpaquePointer?,
    _ operation: @autoclosure () -> String
) throws(GitError) -> OpaquePointer {
    guard let pointer else { throw GitError(.other, during: operation(), "libgit2 gave no object") }
    return pointer
}

private func lastError(code: Int32, during operation: String) -> GitError {
    var message = "libgit2 failed with \(code) and said nothing"
    var family = GIT_ERROR_NONE
    if let last = git_error_last() {
        family = git_error_t(rawValue: UInt32(bitPattern: last.pointee.klass))
        if let text = last.pointee.message { message = printable(String(cString: text)) }
    }
    git_error_clear()
    return GitError(
        kind(code: code, family: family, message: message),
        code: code,
        during: operation,
        message
    )
}

private func kind(code: Int32, family: git_error_t, message: String) -> GitError.Kind {
    // libgit2 puts the system's words at the end of its message and keeps no number.
    if message.hasSuffix("No space left on device") || message.hasSuffix("Disk quota exceeded") {
        return .noSpace
    }
    if message.hasSuffix("Read-only file system") || message.hasSuffix("Permission denied") {
        return .directoryUnusable
    }
    if family == GIT_ERROR_NOMEMORY || message.hasSuffix("Too many open files") {
        return .systemError
    }
    switch git_error_code(rawValue: code) {
    case GIT_ENOTFOUND:
        return family == GIT_ERROR_REPOSITORY ? .repositoryNotFound : .objectNotFound
    case GIT_EAUTH, GIT_ECERTIFICATE: return .unauthorized
    case GIT_EUSER: return .cancelled
    case GIT_EMISMATCH: return .damaged
    case GIT_EINVALIDSPEC, GIT_EINVALID: return .invalidInput
    default: break
    }
    switch family {
    case GIT_ERROR_NET, GIT_ERROR_HTTP, GIT_ERROR_SSL: return .unreachable
    case GIT_ERROR_ZLIB, GIT_ERROR_ODB, GIT_ERROR_OBJECT, GIT_ERROR_TREE, GIT_ERROR_INDEXER,
        GIT_ERROR_SHA:
        return .damaged
    default: return .other
    }
}

/// Text from outside for a message: one line, no control characters, at most 1,000 bytes.
func printable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(1000) {
        let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        if !isControl { result.append(scalar) } else if result.last != " " { result.append(" ") }
    }
    return String(result)
}
