import Documents
import Domain
import FoundationEssentials

/// Decoding a list of 10,000 pods: Foundation's decoder against the scanner of Documents.
enum PodListBenchmarks {
    static let all = [
        Measurement(name: "pods-input", summary: "the input alone, for its share of the peaks") {
            let bytes = PodList.bytes()
            keep(bytes)
            let share = PodList.managedFieldsShare
            print("\(bytes.count) bytes of \(PodList.count) pods, \(share) % managedFields")
            print("peak \(Figures.peak)")
        },
        Measurement(name: "pods-foundation-tree", summary: "JSONDecoder into a tree (slow)") {
            let data = Data(PodList.bytes())
            measure("JSONDecoder, tree, whole list", data.count, rounds: 1) {
                keep(try JSONDecoder().decode(Tree.self, from: data))
            }
        },
        Measurement(name: "pods-foundation-typed", summary: "JSONDecoder into the fields read") {
            let data = Data(PodList.bytes())
            measure("JSONDecoder, eight fields, whole list", data.count) {
                keep(try JSONDecoder().decode(SlimList.self, from: data))
            }
        },
        Measurement(name: "pods-scanner", summary: "JSON.parse of the whole list") {
            let bytes = PodList.bytes()
            measure("JSON.parse, tree, whole list", bytes.count) {
                keep(try JSON.parse(bytes, limits: limits))
            }
        },
        Measurement(name: "pods-scanner-skipping", summary: "the same without managedFields") {
            let bytes = PodList.bytes()
            measure("JSON.parse, tree, managedFields skipped", bytes.count) {
                keep(try JSON.parse(bytes, limits: limits, skipping: [.managedFields]))
            }
        },
        Measurement(name: "pods-reader", summary: "JSONListReader in chunks, as Cluster uses it") {
            let bytes = PodList.bytes()
            measure("JSONListReader, 64 KiB chunks, items dropped", bytes.count) {
                var reader = JSONListReader()
                var ready = 0
                var start = 0
                while start < bytes.count {
                    let end = min(start + 65_536, bytes.count)
                    for item in try reader.feed(Array(bytes[start..<end]))
                    where item.at("status", "phase") == "Running" { ready += 1 }
                    start = end
                }
                keep(try reader.finish())
                keep(ready)
            }
        },
    ]

    private static let limits = JSON.Limits(bytes: 1 << 30, values: 50_000_000)

    private static func measure(
        _ name: String, _ bytes: Int, rounds: Int = 3, _ work: () throws -> Void
    ) {
        Figures.measure(name, rounds: rounds, bytes: bytes, items: (PodList.count, "pod")) {
            do { try work() } catch { print("\(name): \(error)") }
        }
    }
}

/// The compiler cannot know that nobody reads it.
@inline(never)
func keep<Value>(_ value: Value) {
    withExtendedLifetime(value) {}
}

/// A tree as one decodes it with Foundation when the type is not known before.
private enum Tree: Decodable {
    case leaf(Document)
    case array([Tree])
    case object([String: Tree])

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.singleValueContainer().decode([String: Tree].self) {
            self = .object(object)
            return
        }
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .leaf(.string(text))
        } else if let array = try? container.decode([Tree].self) {
            self = .array(array)
        } else if let number = try? container.decode(Int64.self) {
            self = .leaf(.integer(number))
        } else if let flag = try? container.decode(Bool.self) {
            self = .leaf(.bool(flag))
        } else if container.decodeNil() {
            self = .leaf(.null)
        } else {
            self = .leaf(.double(try container.decode(Double.self)))
        }
    }
}

/// Only what a controller needs of a pod: the kindest case for Foundation.
private struct SlimList: Decodable {
    struct Pod: Decodable {
        struct Metadata: Decodable {
            let name: String
            let namespace: String
            let uid: String
            let resourceVersion: String
            let labels: [String: String]
        }
        struct Status: Decodable {
            struct Condition: Decodable {
                let type: String
                let status: String
            }
            struct Container: Decodable {
                let name: String
                let restartCount: Int
            }
            let phase: String
            let conditions: [Condition]
            let containerStatuses: [Container]
        }
        let metadata: Metadata
        let status: Status
    }
    let items: [Pod]
}
