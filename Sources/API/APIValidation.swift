package import Domain

/// Slipway's own validation of its kinds, for whoever stands in for an API server: it says what
/// the schema and its CEL rules say, and more.
package enum APIValidation {
    /// What is wrong with an object; empty for a right one and for kinds that are not Slipway's.
    package static func errors(for object: Document) -> [FieldError] {
        guard object["apiVersion"]?.stringValue?.hasPrefix("\(Names.group)/") == true else {
            return []
        }
        switch object["kind"]?.stringValue {
        case ResourceKind.modelRelease.kind:
            // What is wrong in a status is nobody's error: it is not read.
            var declared = object
            declared["status"] = nil
            return ModelRelease.decode(declared, resolved: true).errors
        case ResourceKind.releaseSource.kind:
            return ReleaseSource.decode(object).errors
        default: return []
        }
    }
}
