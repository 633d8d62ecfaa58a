/// Functions of texts. Places in a text are counted in code points, as CEL asks for.
extension CELFunction {
    static let texts: [String: CELFunction] = [
        "contains": CELFunction([member([.string, .string], .bool)]) {
            arguments, meter throws(CELFailure) in
            let (text, part) = try pair(arguments)
            try meter.spend(reading: text.utf8.count + part.utf8.count)
            let place = try place(of: Array(part.utf8), in: Array(text.utf8), from: 0, &meter)
            return .bool(place != nil)
        },
        "startsWith": CELFunction([member([.string, .string], .bool)]) {
            arguments, meter throws(CELFailure) in
            let (text, part) = try pair(arguments)
            try meter.spend(reading: part.utf8.count)
            return .bool(text.utf8.starts(with: part.utf8))
        },
        "endsWith": CELFunction([member([.string, .string], .bool)]) {
            arguments, meter throws(CELFailure) in
            let (text, part) = try pair(arguments)
            try meter.spend(reading: part.utf8.count)
            return .bool(text.utf8.reversed().starts(with: part.utf8.reversed()))
        },
        "matches": CELFunction([
            member([.string, .string], .bool), global([.string, .string], .bool),
        ]) { arguments, meter throws(CELFailure) in
            guard let text = arguments[0].asString, let written = arguments[1].asString else {
                throw .noOverload
            }
            try meter.spend(reading: written.utf8.count * 10)
            var effort = LinearPattern.effortLimit
            let pattern = LinearPattern(written, effort: &effort)
            try meter.spend(LinearPattern.effortLimit - effort)
            guard let pattern else {
                throw CELFailure("error parsing regexp: `\(written)`")
            }
            return .bool(try match(text, pattern, &meter))
        },
        "charAt": CELFunction([member([.string, .int], .string)]) {
            arguments, meter throws(CELFailure) in
            let text = try scalars(arguments[0], &meter)
            guard let index = arguments[1].asInt else { throw .noOverload }
            guard index >= 0, index <= Int64(text.count) else {
                throw CELFailure("index out of range: \(index)")
            }
            return .string(index < Int64(text.count) ? String(text[Int(index)]) : "")
        },
        "indexOf": CELFunction(places + listPlaces) { arguments, meter throws(CELFailure) in
            try find(arguments, isLast: false, &meter)
        },
        "lastIndexOf": CELFunction(places + listPlaces) { arguments, meter throws(CELFailure) in
            try find(arguments, isLast: true, &meter)
        },
        "lowerAscii": CELFunction([member([.string], .string)]) {
            arguments, meter throws(CELFailure) in
            try mapped(arguments, &meter) { (65...90).contains($0) ? $0 + 32 : $0 }
        },
        "upperAscii": CELFunction([member([.string], .string)]) {
            arguments, meter throws(CELFailure) in
            try mapped(arguments, &meter) { (97...122).contains($0) ? $0 - 32 : $0 }
        },
        "replace": CELFunction(
            [
                member([.string, .string, .string], .string),
                member([.string, .string, .string, .int], .string),
            ], replace),
        "split": CELFunction(
            [
                member([.string, .string], .list(.string)),
                member([.string, .string, .int], .list(.string)),
            ], split),
        "substring": CELFunction(
            [member([.string, .int], .string), member([.string, .int, .int], .string)],
            substring),
        "trim": CELFunction([member([.string], .string)]) {
            arguments, meter throws(CELFailure) in
            let text = try scalars(arguments[0], &meter)
            let kept = text.drop { $0.properties.isWhitespace }.reversed()
                .drop { $0.properties.isWhitespace }.reversed()
            return .string(string(kept))
        },
        "reverse": CELFunction([member([.string], .string)]) {
            arguments, meter throws(CELFailure) in
            .string(string(try scalars(arguments[0], &meter).reversed()))
        },
        "join": CELFunction(
            [
                member([.list(.string)], .string), member([.list(.string), .string], .string),
            ], join),
    ]

    private static let places = [
        member([.string, .string], .int), member([.string, .string, .int], .int),
    ]
    private static let listPlaces = [member([.list(a), a], .int)]

    private static func pair(
        _ arguments: [CELValue]
    ) throws(CELFailure) -> (String, String) {
        guard let one = arguments[0].asString, let other = arguments[1].asString else {
            throw .noOverload
        }
        return (one, other)
    }

    private static func scalars(
        _ value: CELValue, _ meter: inout CELMeter
    ) throws(CELFailure) -> [Unicode.Scalar] {
        guard let text = value.asString else { throw .noOverload }
        try meter.spend(reading: text.utf8.count)
        return Array(text.unicodeScalars)
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func mapped(
        _ arguments: [CELValue], _ meter: inout CELMeter, _ change: (UInt8) -> UInt8
    ) throws(CELFailure) -> CELValue {
        guard let text = arguments[0].asString else { throw .noOverload }
        try meter.spend(reading: text.utf8.count)
        return .string(String(decoding: text.utf8.map(change), as: UTF8.self))
    }

    /// Each character advances all places of the pattern at once.
    static func match(
        _ text: String, _ pattern: LinearPattern, _ meter: inout CELMeter
    ) throws(CELFailure) -> Bool {
        let length = text.utf8.count
        try meter.spend((1 + length / 10) * (1 + pattern.size / 4))
        guard let holds = pattern.matchesWithinLimit(text) else { throw .exhausted }
        return holds
    }

    /// Where a part begins for the first time.
    static func place<Element: Equatable>(
        of part: [Element], in text: [Element], from start: Int, _ meter: inout CELMeter
    ) throws(CELFailure) -> Int? {
        try meter.spend((1 + text.count / 10) * (1 + part.count / 10))
        guard part.count <= text.count, start <= text.count - part.count else { return nil }
        guard let first = part.first else { return start }
        for place in start...(text.count - part.count)
        where text[place] == first && text[place..<place + part.count].elementsEqual(part) {
            return place
        }
        return nil
    }

    private static func find(
        _ arguments: [CELValue], isLast: Bool, _ meter: inout CELMeter
    ) throws(CELFailure) -> CELValue {
        if case .list(let list) = arguments[0] {
            for step in 0..<list.count {
                try meter.spend()
                let index = isLast ? list.count - 1 - step : step
                if try areEqual(try list.value(index, &meter), arguments[1], &meter) {
                    return .int(Int64(index))
                }
            }
            return .int(-1)
        }
        var text = try scalars(arguments[0], &meter)
        var part = try scalars(arguments[1], &meter)
        var bound: Int?
        if arguments.count == 3 {
            guard let index = arguments[2].asInt else { throw .noOverload }
            if part.isEmpty { return .int(index) }
            guard index >= 0 else { throw CELFailure("index out of range: \(index)") }
            guard index < Int64(text.count) else { return .int(-1) }
            bound = Int(index)
        }
        guard isLast else {
            let place = try place(of: part, in: text, from: bound ?? 0, &meter)
            return .int(place.map(Int64.init) ?? -1)
        }
        let last = text.count - part.count
        // The last one is the first one from behind.
        text.reverse()
        part.reverse()
        let skipped = bound.map { max(last - $0, 0) } ?? 0
        guard let found = try place(of: part, in: text, from: skipped, &meter) else {
            return .int(-1)
        }
        return .int(Int64(last - found))
    }

    private static func substring(
        _ arguments: [CELValue], _ meter: inout CELMeter
    ) throws(CELFailure) -> CELValue {
        let text = try scalars(arguments[0], &meter)
        guard let start = arguments[1].asInt else { throw .noOverload }
        var end = Int64(text.count)
        if arguments.count == 3 {
            guard let given = arguments[2].asInt else { throw .noOverload }
            end = given
        }
        guard start >= 0, start <= Int64(text.count) else {
            throw CELFailure("index out of range: \(start)")
        }
        guard end >= 0, end <= Int64(text.count) else {
            throw CELFailure("index out of range: \(end)")
        }
        guard start <= end else {
            throw CELFailure("invalid substring range. start: \(start), end: \(end)")
        }
        return .string(string(text[Int(start)..<Int(end)]))
    }

    /// The pieces between the first so many places of a part; all of them where none is named.
    private static func pieces(
        _ text: [Unicode.Scalar], _ part: [Unicode.Scalar], limit: Int?, _ meter: inout CELMeter
    ) throws(CELFailure) -> [ArraySlice<Unicode.Scalar>] {
        var result: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        while limit.map({ result.count + 1 < $0 }) ?? true {
            guard !part.isEmpty else {
                guard start < text.count - 1 else { break }
                result.append(text[start..<start + 1])
                start += 1
                continue
            }
            // What has been read is not paid for again.
            try meter.spend()
            guard let place = nextPlace(of: part, in: text, from: start) else { break }
            result.append(text[start..<place])
            start = place + part.count
        }
        result.append(text[start...])
        return result
    }

    private static func nextPlace(
        of part: [Unicode.Scalar], in text: [Unicode.Scalar], from start: Int
    ) -> Int? {
        guard part.count <= text.count, start <= text.count - part.count else { return nil }
        return (start...(text.count - part.count)).first {
            text[$0] == part[0] && text[$0..<$0 + part.count].elementsEqual(part)
        }
    }

    private static func limit(
        _ arguments: [CELValue], at index: Int
    ) throws(CELFailure) -> Int? {
        guard arguments.count > index else { return nil }
        guard let given = arguments[index].asInt else { throw .noOverload }
        return given < 0 ? nil : Int(min(given, 1_000_000_000))
    }

    private static func split(
        _ arguments: [CELValue], _ meter: inout CELMeter
    ) throws(CELFailure) -> CELValue {
        let text = try scalars(arguments[0], &meter)
        let part = try scalars(arguments[1], &meter)
        try meter.spend((1 + text.count / 10) * (1 + part.count / 10))
        let limit = try limit(arguments, at: 2)
        if limit == 0 || (text.isEmpty && part.isEmpty) { return .list(CELList([])) }
        let found = try pieces(text, part, limit: limit, &meter)
        return .list(CELList(found.map { .string(string($0)) }))
    }

    private static func replace(
        _ arguments: [CELValue], _ meter: inout CELMeter
    ) throws(CELFailure) -> CELValue {
        let text = try scalars(arguments[0], &meter)
        let part = try scalars(arguments[1], &meter)
        let other = try scalars(arguments[2], &meter)
        try meter.spend((1 + text.count / 10) * (1 + part.count / 10))
        let most = try limit(arguments, at: 3)
        if most == 0 { return arguments[0] }
        let found: [ArraySlice<Unicode.Scalar>]
        if part.isEmpty {
            // Go puts the other before each character, and one at the end.
            let count = min(most ?? text.count + 1, text.count + 1)
            found = [[]] + text.prefix(count - 1).map { [$0] } + [text[(count - 1)...]]
        } else {
            found = try pieces(text, part, limit: most.map { $0 + 1 }, &meter)
        }
        try meter.spend(reading: other.count * (found.count - 1))
        var result = String.UnicodeScalarView()
        for (index, piece) in found.enumerated() {
            if index > 0 { result.append(contentsOf: other) }
            result.append(contentsOf: piece)
        }
        return .string(String(result))
    }

    private static func join(
        _ arguments: [CELValue], _ meter: inout CELMeter
    ) throws(CELFailure) -> CELValue {
        guard case .list(let list) = arguments[0] else { throw .noOverload }
        let between = arguments.count == 2 ? arguments[1].asString : ""
        guard let between else { throw .noOverload }
        var result = ""
        for index in 0..<list.count {
            guard let text = try list.value(index, &meter).asString else { throw .noOverload }
            try meter.spend(reading: text.utf8.count + between.utf8.count)
            if index > 0 { result += between }
            result += text
        }
        return .string(result)
    }
}
