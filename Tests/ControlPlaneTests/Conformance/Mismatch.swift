import Documents
import Domain
import Foundation

/// The first difference between what was recorded and what came.
struct Mismatch: Error, CustomStringConvertible {
    var path: [String]
    var expected: String
    var got: String

    init(_ path: [String], _ expected: String, _ got: String) {
        self.path = path
        self.expected = expected
        self.got = got
    }

    init(_ path: [String], _ expected: Document?, _ got: Document?) {
        func show(_ value: Document?) -> String {
            value.map { String($0.canonicalJSONString().prefix(500)) } ?? "(absent)"
        }
        self.init(path, show(expected), show(got))
    }

    var description: String {
        let place = path.isEmpty ? "(the whole body)" : "/" + path.joined(separator: "/")
        return "at \(place): expected \(expected), got \(got)"
    }
}

/// Something that keeps a scenario from going on.
struct Stuck: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// JSON pointers in which `*` is any element.
enum Pointer {
    static func parts(_ pointer: String) -> [String] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            $0.replacingOccurrences(of: "~1", with: "/").replacingOccurrences(of: "~0", with: "~")
        }
    }

    static func step(_ document: Document, _ key: String) -> Document? {
        if let index = Int(key), let element = document[index] { return element }
        return document[key]
    }

    static func value(_ document: Document?, _ pointer: String) -> Document? {
        parts(pointer).reduce(document) { found, key in found.flatMap { step($0, key) } }
    }

    static func names(_ pointers: [String], _ path: [String]) -> Bool {
        pointers.contains { pointer in
            let parts = parts(pointer)
            return parts.count == path.count
                && zip(parts, path).allSatisfy { $0 == "*" || $0 == $1 }
        }
    }

    /// Every place a pointer with `*` names.
    static func all(_ document: Document, _ pointer: String) -> [(path: [String], Document)] {
        var found: [(path: [String], Document)] = [([], document)]
        for key in parts(pointer) {
            found = found.flatMap { place -> [(path: [String], Document)] in
                if key == "*", let elements = place.1.arrayValue {
                    return elements.enumerated().map { (place.path + ["\($0.offset)"], $0.element) }
                }
                if key == "*", let fields = place.1.objectValue {
                    return fields.members.map { (place.path + [$0.key], $0.value) }
                }
                return step(place.1, key).map { [(place.path + [key], $0)] } ?? []
            }
        }
        return found
    }
}
