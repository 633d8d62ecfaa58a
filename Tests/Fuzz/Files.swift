import FoundationEssentials

/// Files of inputs.
enum Files {
    /// The inputs of a folder in the order of their names; none if there is no such folder.
    static func inputs(in folder: String) throws -> [(name: String, bytes: [UInt8])] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        return try names.filter { !$0.hasPrefix(".") }.map { ($0, try read("\(folder)/\($0)")) }
    }

    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    /// Writes a finding and returns its path, named by what is in it.
    static func keep(_ input: [UInt8], of parser: String, in folder: String) throws -> String {
        let own = "\(folder)/\(parser)"
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in input { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let path = "\(own)/\(String(hash, radix: 16))"
        try Data(input).write(to: URL(filePath: path))
        return path
    }
}
