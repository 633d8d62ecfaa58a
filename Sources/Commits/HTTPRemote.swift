internal import CLibGit2

/// A repository behind an HTTP server, with a connection in one direction.
struct HTTPRemote: ~Copyable {
    private let remote: Remote
    private let exchange: Exchange

    /// Connects and reads the list of references.
    init(
        _ address: RemoteAddress,
        _ direction: git_direction,
        for store: Store,
        _ exchange: Exchange
    ) throws(GitError) {
        let remote = try Remote(address.text, for: store.repository)
        var options = git_remote_connect_options()
        git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION))
        options.callbacks = Self.callbacks(exchange)
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        let raw = remote.raw
        try exchange.run { git_remote_connect_ext(raw, direction, &options) }
        self.remote = remote
        self.exchange = exchange
    }

    deinit { withExtendedLifetime(exchange) {} }

    /// The commit of a branch, and whether there are no references at all.
    func head(of branch: String) throws(GitError) -> (head: CommitID?, isEmpty: Bool) {
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try exchange.run { git_remote_ls(&heads, &count, remote.raw) }
        let wanted = Store.reference(branch)
        for index in 0..<count {
            guard let head = heads?[index]?.pointee, let name = head.name else { continue }
            if wanted == String(cString: name) { return (CommitID(head.oid), false) }
        }
        return (nil, count == 0)
    }

    /// Fetches what is missing of the history of the branch. No reference is changed.
    func download(_ branch: String) throws(GitError) {
        var options = git_fetch_options()
        git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
        options.callbacks = Self.callbacks(exchange)
        options.update_fetchhead = 0
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        let reference = Store.reference(branch)
        try Self.withStrings("+\(reference):\(reference)") { specs throws(GitError) in
            _ = try exchange.run { git_remote_download(remote.raw, specs, &options) }
        }
    }

    /// Asks the server to move the branch to what `source` names in the mirror. The server compares
    /// the branch with what it said at the start. Its answer is in ``Exchange/verdict``.
    func push(_ source: String, to branch: String) throws(GitError) {
        var options = git_push_options()
        git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION))
        options.callbacks = Self.callbacks(exchange)
        options.pb_parallelism = 1
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        try Self.withStrings("\(source):\(Store.reference(branch))") { specs throws(GitError) in
            _ = try exchange.run { git_remote_upload(remote.raw, specs, &options) }
        }
    }

    private static func callbacks(_ exchange: Exchange) -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION))
        callbacks.payload = Unmanaged.passUnretained(exchange).toOpaque()
        callbacks.transport = makeHTTPTransport
        callbacks.transfer_progress = transferProgress
        callbacks.sideband_progress = takeRemark
        callbacks.push_update_reference = takeVerdict
        return callbacks
    }

    private static func withStrings(
        _ text: String,
        _ body: (UnsafePointer<git_strarray>) throws(GitError) -> Void
    ) throws(GitError) {
        var bytes = text.utf8CString.map { $0 }
        try bytes.withUnsafeMutableBufferPointer { buffer throws(GitError) in
            var string = buffer.baseAddress
            try withUnsafeMutablePointer(to: &string) { strings throws(GitError) in
                var specs = git_strarray(strings: strings, count: 1)
                try body(&specs)
            }
        }
    }
}

private let takeRemark: git_transport_message_cb = { text, length, context in
    guard let context, let text, length > 0 else { return 0 }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    exchange.remark(UnsafeRawBufferPointer(start: text, count: Int(length)))
    return exchange.proceed()
}

/// The server's word on the pushed reference: no text if it was moved, else why it was not.
private let takeVerdict: git_push_update_reference_cb = { _, status, context in
    guard let context else { return 0 }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    exchange.verdict = status.map { printable(String(cString: $0)) } ?? ""
    return 0
}
