import Domain

/// The rules for `metadata` that hold for every kind.
enum MetadataRules {
    /// What is wrong with the metadata of an object that is created.
    static func problems(
        ofCreated object: Document,
        _ definition: KindDefinition
    ) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        if object.objectName.isEmpty {
            causes.append(.required("metadata.name", "name or generateName is required"))
        }
        return causes + finalizerProblems(object)
    }

    /// What is wrong with the metadata of an update.
    static func problems(
        ofUpdated new: Document,
        _ old: Document,
        _ definition: KindDefinition
    ) -> [APIStatus.Cause] {
        var causes = finalizerProblems(new)
        if old.isTerminating {
            let added = new.objectFinalizers.filter { !old.objectFinalizers.contains($0) }
            if !added.isEmpty {
                let list = added.map { "\"\($0)\"" }.joined(separator: ", ")
                let cause = APIStatus.Cause.forbidden(
                    "metadata.finalizers",
                    "no new finalizers can be added if the object is being deleted, found new "
                        + "finalizers []string{\(list)}"
                )
                // The real server looks twice and says it twice.
                causes += [cause, cause]
            }
        }
        return causes
    }

    private static func finalizerProblems(_ object: Document) -> [APIStatus.Cause] {
        let standard = [Store.foregroundFinalizer, Store.orphanFinalizer, "kubernetes"]
        return object.objectFinalizers.enumerated().compactMap { index, name in
            guard !name.contains("/"), !standard.contains(name) else { return nil }
            return .invalid(
                "metadata.finalizers[\(index)]",
                .string(name),
                "name is neither a standard finalizer name nor is it fully qualified"
            )
        }
    }
}
