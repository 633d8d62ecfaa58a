package import Domain

/// A field selector: all terms must hold.
package struct FieldSelector: Hashable, Sendable {
    /// One term: `field=value` or `field!=value`.
    package struct Term: Hashable, Sendable {
        package var field: String
        package var value: String
        package var isEqual: Bool
    }

    package var terms: [Term]

    package init(_ terms: [Term] = []) {
        self.terms = terms
    }

    package var isEmpty: Bool { terms.isEmpty }

    /// Reads `metadata.name=a,status.phase!=Running`.
    package init(parsing text: String) throws(APIStatus) {
        terms = []
        for part in text.split(separator: ",") {
            guard let sign = part.firstIndex(where: { $0 == "=" || $0 == "!" }) else {
                throw .badRequest("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            let field = String(part[..<sign])
            var rest = part[sign...]
            let isEqual = rest.first == "="
            if rest.hasPrefix("!=") || rest.hasPrefix("==") {
                rest = rest.dropFirst(2)
            } else if isEqual {
                rest = rest.dropFirst()
            } else {
                throw .badRequest("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            terms.append(Term(field: field, value: String(rest), isEqual: isEqual))
        }
    }

    /// Refuses fields that a kind cannot be selected by.
    package func check(_ definition: KindDefinition) throws(APIStatus) {
        for term in terms where term.field != "metadata.name" && term.field != "metadata.namespace"
        {
            guard definition.rules.selectableFields[term.field] == nil else { continue }
            let isPlain =
                definition.rules.selectableFields.isEmpty && definition.customDefinition == nil
            throw .badRequest(
                isPlain
                    ? "\"\(term.field)\" is not a known field selector: only "
                        + "\"metadata.name\", \"metadata.namespace\""
                    : "field label not supported: \(term.field)")
        }
    }

    /// Whether an object is chosen.
    package func matches(_ object: Document, _ definition: KindDefinition) -> Bool {
        terms.allSatisfy { term in
            let value =
                switch term.field {
                case "metadata.name": object.objectName
                case "metadata.namespace": object.objectNamespace
                default: definition.rules.selectableFields[term.field]?(object) ?? ""
                }
            return (value == term.value) == term.isEqual
        }
    }
}

/// What a list, a watch or a deletion of a collection is about.
package struct Selection: Hashable, Sendable {
    package var labels: LabelSelector
    package var fields: FieldSelector

    package init(labels: LabelSelector = .init(), fields: FieldSelector = .init()) {
        self.labels = labels
        self.fields = fields
    }

    package var isEmpty: Bool { labels.isEmpty && fields.isEmpty }

    /// Whether an object is chosen.
    package func matches(_ object: Document, _ definition: KindDefinition) -> Bool {
        if !labels.isEmpty, !labels.matches(object.objectLabels) { return false }
        return fields.isEmpty || fields.matches(object, definition)
    }
}
