internal import CLibGit2

/// libgit2 for the whole process: started once, with nothing taken from the surroundings.
enum GitLibrary {
    /// Starts the library at the first use. libgit2 is never shut down: that would have to wait
    /// for every thread, and the end of the process does the same.
    static func start() throws(GitError) {
        if case .failure(let error) = started { throw error }
    }

    private static let started: Result<Void, GitError> = .init { () throws(GitError) in
        try git("start libgit2") { git_libgit2_init() }
        try checkVersion()
        try shutOut()
        try bound()
    }

    /// Before 1.5.1 libgit2 did not verify the keys of SSH servers (CVE-2023-22742).
    private static func checkVersion() throws(GitError) {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        git_libgit2_version(&major, &minor, &patch)
        guard (major, minor, patch) >= (1, 5, 1) else {
            throw GitError(
                .systemError,
                during: "start libgit2",
                "libgit2 \(major).\(minor).\(patch) is too old; 1.5.1 is needed"
            )
        }
    }

    /// No gitconfig of the machine or of a user has a say: `url.insteadOf` would send us to
    /// another server, `http.sslVerify` would switch verification off.
    private static func shutOut() throws(GitError) {
        let levels = [
            GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
            GIT_CONFIG_LEVEL_GLOBAL,
        ]
        for level in levels {
            try git("empty the search path") { slipway_git_set_search_path(level.rawValue, "") }
        }
        // The mirrors are in a directory of ours; in a volume of Kubernetes it often belongs to
        // another user than the one we run as.
        try git("switch the check of owners off") {
            slipway_git_set_flag(Int32(GIT_OPT_SET_OWNER_VALIDATION.rawValue), 0)
        }
    }

    /// libgit2's own limits are made for a developer's machine: 256 MB of cached objects, and
    /// windows of 1 GB over packs.
    private static func bound() throws(GitError) {
        try git("bound the cache") { slipway_git_set_cache_size(16 << 20) }
        let sizes: [(git_libgit2_opt_t, Int)] = [
            (GIT_OPT_SET_MWINDOW_SIZE, 8 << 20),
            (GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, 64 << 20),
            (GIT_OPT_SET_MWINDOW_FILE_LIMIT, 128),
            (GIT_OPT_SET_PACK_MAX_OBJECTS, 4_000_000),
            // Forges refuse larger files; an object that inflates beyond it is an attack.
            (GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, 128 << 20),
        ]
        for (option, size) in sizes {
            try git("bound libgit2") { slipway_git_set_size(Int32(option.rawValue), size) }
        }
    }
}
