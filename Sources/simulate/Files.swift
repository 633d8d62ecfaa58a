import ArgumentParser
import Glibc
import Simulation

/// Files that are read and written.
enum Files {
    /// - Throws: exit code 2, after it was said what is wrong.
    static func schedule(_ path: String) throws -> Schedule {
        let text = try text(path)
        do throws(Schedule.Problem) {
            return try Schedule(text: text)
        } catch {
            complain("\(path):\(error.line): cannot read \"\(error.text)\"")
            throw ExitCode(2)
        }
    }

    static func text(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw failure(path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            guard count > 0 else { break }
            bytes += piece.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ lines: [String], to path: String) throws {
        guard let file = fopen(path, "w") else { throw failure(path) }
        defer { fclose(file) }
        for line in lines { fputs(line + "\n", file) }
    }

    private static func failure(_ path: String) -> ExitCode {
        perror(path)
        return ExitCode(2)
    }

    /// Says what is wrong on standard error.
    static func complain(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = Glibc.write(2, line, line.count)
    }
}
