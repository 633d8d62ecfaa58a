import ControlPlane
import Domain

/// The files of a pod's volumes.
enum Volumes {
    struct File: Sendable, Hashable {
        /// Relative to the pod's folder of volumes: `VOLUME/PATH`.
        let path: String
        let bytes: [UInt8]
        let mode: UInt32
    }

    /// What has to be on the disk.
    struct Plan: Sendable, Hashable {
        /// Volumes that are folders of the pod.
        var folders: [String] = []
        var files: [File] = []
    }

    /// Why a volume cannot be made, in the words of the kubelet's event.
    struct Failure: Error, Hashable {
        let message: String

        init(_ volume: String, _ reason: String) {
            message = "MountVolume.SetUp failed for volume \"\(volume)\" : \(reason)"
        }
    }

    /// Bytes of all files of a pod at most.
    private static let limit = 16 << 20

    static func plan(
        _ source: FieldReferences.Source, capacity: Document,
        _ lookup: @escaping ContainerSetup.Lookup
    ) throws(Failure) -> Plan {
        var plan = Plan()
        for volume in source.pod.at("spec", "volumes")?.arrayValue ?? [] {
            guard let name = volume["name"]?.stringValue else { continue }
            let builder = Builder(
                name: name, source: source, capacity: capacity, lookup: lookup)
            if volume.at("hostPath", "path") != nil { continue }
            plan.folders.append(name)
            plan.files += try builder.files(of: volume)
        }
        guard plan.files.reduce(0, { $0 + $1.bytes.count }) <= limit else {
            throw Failure(plan.folders.first ?? "", "more than \(limit) bytes in a pod's volumes")
        }
        return plan
    }

    /// Where a container finds what it mounts.
    ///
    /// - Parameter root: the pod's folder of volumes.
    static func mounts(_ container: Document, of pod: Document, root: String) -> MountPaths {
        // A volume of this kind is a folder of the machine as it is.
        let volumes = pod.at("spec", "volumes")?.arrayValue ?? []
        var mounts = MountPaths()
        for mount in container["volumeMounts"]?.arrayValue ?? [] {
            guard let name = mount["name"]?.stringValue,
                let path = mount["mountPath"]?.stringValue
            else { continue }
            let volume = volumes.first { $0["name"]?.stringValue == name }
            var place = volume?.at("hostPath", "path")?.stringValue ?? "\(root)/\(name)"
            if let part = mount["subPath"]?.stringValue, isSafe(part) { place += "/\(part)" }
            mounts.add(path, at: place)
        }
        return mounts
    }

    /// A relative path that does not leave its folder.
    static func isSafe(_ path: String) -> Bool {
        !path.isEmpty && !path.hasPrefix("/") && path.utf8.count <= 1024
            && !path.utf8.contains(0)
            && !path.split(separator: "/", omittingEmptySubsequences: false).contains("..")
    }

    /// Makes the files of one volume.
    private struct Builder {
        let name: String
        let source: FieldReferences.Source
        let capacity: Document
        let lookup: ContainerSetup.Lookup

        func files(of volume: Document) throws(Failure) -> [File] {
            if volume["emptyDir"] != nil { return [] }
            if let origin = volume["configMap"] {
                return try entries(
                    .configMap, origin["name"]?.stringValue ?? "", origin, mode(origin))
            }
            if let origin = volume["secret"] {
                return try entries(
                    .secret, origin["secretName"]?.stringValue ?? "", origin, mode(origin))
            }
            if let origin = volume["downwardAPI"] {
                return try fields(origin, mode(origin))
            }
            guard let projected = volume["projected"] else {
                let kind = volume.objectValue?.keys.first { $0 != "name" } ?? "unknown"
                throw Failure(name, "volumes of type \(kind) do not exist in the sandbox")
            }
            var all: [File] = []
            for origin in projected["sources"]?.arrayValue ?? [] {
                all += try files(ofSource: origin, mode(projected))
            }
            return all
        }

        private func files(ofSource origin: Document, _ mode: UInt32) throws(Failure) -> [File] {
            if let map = origin["configMap"] {
                return try entries(.configMap, map["name"]?.stringValue ?? "", map, mode)
            }
            if let secret = origin["secret"] {
                return try entries(.secret, secret["name"]?.stringValue ?? "", secret, mode)
            }
            if let fields = origin["downwardAPI"] { return try self.fields(fields, mode) }
            let kind = origin.objectValue?.keys.first ?? "unknown"
            throw Failure(name, "sources of type \(kind) do not exist in the sandbox")
        }

        private func mode(_ origin: Document) -> UInt32 {
            UInt32(clamping: origin["defaultMode"]?.integerValue ?? 0o644) & 0o777
        }

        private func file(_ path: String, _ bytes: [UInt8], _ mode: UInt32) throws(Failure)
            -> File
        {
            guard Volumes.isSafe(path) else { throw Failure(name, "invalid path: \(path)") }
            return File(path: "\(name)/\(path)", bytes: bytes, mode: mode)
        }

        private func entries(
            _ kind: ResourceKind, _ object: String, _ origin: Document, _ mode: UInt32
        ) throws(Failure) -> [File] {
            let isOptional = origin["optional"]?.boolValue ?? false
            guard let found = lookup(kind, object) else {
                guard !isOptional else { return [] }
                throw Failure(name, "\(kind.kind.lowercased()) \"\(object)\" not found")
            }
            let data = ObjectData.entries(of: found)
            guard let items = origin["items"]?.arrayValue else {
                var files: [File] = []
                for entry in data { files.append(try file(entry.key, entry.bytes, mode)) }
                return files
            }
            var files: [File] = []
            for item in items {
                let key = item["key"]?.stringValue ?? ""
                guard let entry = data.first(where: { $0.key == key }) else {
                    guard !isOptional else { continue }
                    throw Failure(
                        name, "references non-existent \(kind.kind.lowercased()) key: \(key)")
                }
                let own = item["mode"]?.integerValue.map { UInt32(clamping: $0) & 0o777 }
                files.append(
                    try file(item["path"]?.stringValue ?? key, entry.bytes, own ?? mode))
            }
            return files
        }

        private func fields(_ origin: Document, _ mode: UInt32) throws(Failure) -> [File] {
            var files: [File] = []
            for item in origin["items"]?.arrayValue ?? [] {
                let value: String?
                if let path = item.at("fieldRef", "fieldPath")?.stringValue {
                    value = FieldReferences.value(of: path, source)
                } else {
                    value = item["resourceFieldRef"].flatMap {
                        FieldReferences.resource($0, container: [:], source, capacity: capacity)
                    }
                }
                guard let value else { throw Failure(name, "an item refers to no known field") }
                files.append(
                    try file(item["path"]?.stringValue ?? "", Array(value.utf8), mode))
            }
            return files
        }
    }
}
