import API
import ControlPlane
import Documents
import Domain

extension Parser {
    /// Patches of objects: a line with the kind of patch, a line with the patch, and the object.
    static let patches = Parser(name: "patches", about: "JSON and merge patches") { input, check in
        let parts = input.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let patch = try? JSON.parse(Array(parts[0])),
            let object = try? JSON.parse(Array(parts[1]))
        else { return }
        switch JSONPatch.apply(patch, to: object) {
        case .success(let result):
            check.went("patched")
            check.reads(result)
        case .failure(let status): check.went(status.message)
        }
        let merged = MergePatch.apply(patch, to: object)
        check.expect(MergePatch.apply(patch, to: merged) == merged, "merge: twice is not once")
        check.went(merged == object ? "same" : "merged")
        if let pointer = patch.stringValue.flatMap(JSONPointer.init) {
            check.went("\(pointer.value(in: object)?.kindName ?? "nothing")")
        }
        if case .string(let text) = patch {
            _ = (try? LabelSelector(parsing: text)).map {
                $0.matches(object.objectValue ?? Fields())
            }
            _ = try? FieldSelector(parsing: text)
        }
    }

    /// A store with an object of each of some kinds.
    private static let store: (Store, Timestamp) = {
        let now = Timestamp(milliseconds: 1_767_225_600_000)
        var store = Store(seed: 7, now: now)
        for (_, definition) in APIDefinitions.all {
            _ = try? CustomResources.install(definition, into: &store, now: now)
        }
        let context = WriteContext(now: now, manager: "person")
        _ = try? store.create(
            .configMap, namespace: "default",
            ["metadata": ["name": "a", "labels": ["app": "x"]], "data": ["k": "v"]], context)
        _ = try? store.create(
            .service, namespace: "default",
            [
                "metadata": ["name": "a"],
                "spec": ["selector": ["app": "x"], "ports": [["port": 80, "name": "http"]]],
            ], context)
        _ = try? store.create(
            .deployment, namespace: "default",
            [
                "metadata": ["name": "a"],
                "spec": [
                    "selector": ["matchLabels": ["app": "x"]],
                    "template": [
                        "metadata": ["labels": ["app": "x"]],
                        "spec": ["containers": [["name": "c", "image": "i"]]],
                    ],
                ],
            ], context)
        return (store, now)
    }()

    /// Requests to the API: `METHOD PATH[?QUERY] TYPE [ACCEPT]` on the first line, and the body.
    static let api = Parser(name: "api", about: "requests to the API, all patch types, protobuf") {
        input, check in
        let cut = input.firstIndex(of: 10) ?? input.endIndex
        let words = String(decoding: input[..<cut], as: UTF8.self).split(separator: " ")
        guard words.count >= 2 else { return }
        let target = words[1].split(separator: "?", maxSplits: 1)
        guard let path = target.first else { return }
        let query = (target.count > 1 ? target[1] : "").split(separator: "&").map { pair in
            let halves = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return (name: halves[0], value: halves.count == 2 ? halves[1] : "")
        }
        var headers = [(name: "User-Agent", value: "fuzz/1")]
        if words.count > 2 { headers.append((name: "Content-Type", value: String(words[2]))) }
        if words.count > 3 { headers.append((name: "Accept", value: String(words[3]))) }
        let request = APIRequest(
            method: String(words[0]), path: String(path), query: query, headers: headers,
            body: Array(input[min(cut + 1, input.count)...]))
        var (store, now) = Self.store
        switch Front.answer(request, store: &store, now: now) {
        case .watch: check.went("watch")
        case .response(let response):
            check.went("\(words[0]) \(Self.words(response.status)) ")
            check.expect((100...599).contains(response.status), "status: \(response.status)")
            if let document = response.document {
                check.went(document["message"]?.stringValue ?? "object")
                let again = try? JSON.parse(JSON.write(document))
                check.expect(
                    again?.canonicalJSON() == document.canonicalJSON(), "answer: does not read")
            }
        }
    }

    private static func words(_ status: Int) -> String {
        switch status {
        case 200..<300: "done"
        case 404: "missing"
        case 409: "conflict"
        case 422: "invalid"
        case 400: "bad"
        case 415: "type"
        default: "other"
        }
    }

    /// The file in which a sandbox keeps its store.
    static let saved = Parser(name: "saved", about: "saved stores of sandboxes, in chunks") {
        input, check in
        let whole = read(input, [input.count])
        for size in [[1], [17, 400], [input.count / 2 + 1]] {
            check.expect(read(input, size) == whole, "chunks: \(size) make a difference")
        }
        check.went(whole)
    }

    private static func read(_ input: [UInt8], _ sizes: [Int]) -> String {
        var reader = SavedStoreReader()
        do {
            for chunk in chunks(input, sizes) { try reader.feed(chunk) }
            let saved = try reader.finish()
            return "read \(saved.length) \(saved.dropped) \(saved.isClosed)"
        } catch {
            return "\(error)"
        }
    }
}
