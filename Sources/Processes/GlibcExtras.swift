import Glibc

/// Functions of the C library that its Swift module does not show. Where one is missing, what
/// needs it does without.
package enum GlibcExtras {
    private typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>

    /// The flag with which `posix_spawn` puts the child into a session of its own.
    static let spawnInNewSession: Int16 = 0x80

    /// The child begins in this folder; `false` if that is not to be had.
    static func addFolder(
        _ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ path: String
    ) -> Bool {
        typealias Function = @convention(c) (Actions, UnsafePointer<CChar>) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addchdir_np") else { return false }
        return unsafeBitCast(symbol, to: Function.self)(actions, path) == 0
    }

    /// The child inherits no descriptor from this one on.
    static func closeFrom(
        _ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ first: Int32
    ) {
        typealias Function = @convention(c) (Actions, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
        _ = unsafeBitCast(symbol, to: Function.self)(actions, first)
    }

    /// A descriptor that becomes readable when a process ends; `nil` if the system has none.
    static func processDescriptor(_ process: pid_t) -> Int32? {
        typealias Function = @convention(c) (pid_t, UInt32) -> Int32
        guard let symbol = dlsym(nil, "pidfd_open") else { return nil }
        let descriptor = unsafeBitCast(symbol, to: Function.self)(process, 0)
        return descriptor >= 0 ? descriptor : nil
    }

    /// A pipe whose ends no child inherits; `nil` if there is none to be had.
    package static func pipe() -> (read: Int32, write: Int32)? {
        typealias Function = @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32
        var ends: [Int32] = [-1, -1]
        guard let symbol = dlsym(nil, "pipe2") else { return nil }
        guard unsafeBitCast(symbol, to: Function.self)(&ends, O_CLOEXEC) == 0 else { return nil }
        return (ends[0], ends[1])
    }
}
