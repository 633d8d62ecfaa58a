import API
import Domain
import Resources

/// What is to be done next.
extension Adoption {
    /// The next thing on the way to a goal.
    package func next(_ goal: Goal) -> Action {
        switch goal {
        case .takeOver: takeOver()
        case .back: goBack()
        }
    }

    // MARK: Taking over

    private func takeOver() -> Action {
        guard problems.isEmpty else { return .refused(problems) }
        if let original = old.original { return makeRoom(original) }
        guard let release = sight.release else {
            guard let object else { return .refused(["there is nothing to declare"]) }
            let key = ResourceKey(
                .modelRelease, namespace: request.release.namespace, name: request.release.name)
            return .write(.apply(key, object, force: false), "\(key) is declared")
        }
        if release.status.proven == nil,
            [.rejected, .reverted].contains(release.status.phase)
        {
            return .refused([
                "Slipway refused what ModelRelease \(release.id) declares: "
                    + release.status.message
                    + (isDetached ? "; \(request.command("--back"))" : "; nothing was moved")
            ])
        }
        if let obstacle = obstacle(release) { return .wait(obstacle) }
        guard let route = old.route, !isDetached else { return .done(servesText(release)) }
        return .switch(
            .jsonPatch(key(route), detaching(route)),
            "\(key(route)) is detached: Slipway's pods get every request")
    }

    private func servesText(_ release: ModelRelease) -> String {
        switch release.spec.traffic {
        case .gateway(let traffic): "ModelRelease \(release.id) serves at \(traffic.summary)"
        }
    }

    /// Frees the release's name: a copy of the route serves before the route itself goes.
    private func makeRoom(_ original: Document) -> Action {
        guard let copy = old.route, copy != original else {
            let copy = self.copy(of: original)
            let key = key(copy)
            guard !sight.routes.contains(where: { $0.meta.id == copy.meta.id }) else {
                return .refused(["\(key) is in the way: it is not a copy of \(original.title)"])
            }
            return .write(
                .create(key, copy), "\(key) is made, a copy of \(original.title)")
        }
        guard copy["spec"] == original["spec"] else {
            return .refused([
                "\(copy.title) is no longer a copy of \(original.title): remove the copy first"
            ])
        }
        if let traffic = carriedTraffic?.traffic, let view = HTTPRouteView(copy),
            let text = unaccepted(view, traffic)
        {
            return .wait(text)
        }
        guard let made = copy.meta.creationTimestamp, now - made >= Self.copyAge else {
            return .wait("\(copy.title) to be older than what comes next")
        }
        let deletion = WriteRequest.delete(
            key(original), uid: original.meta.uid, resourceVersion: original.meta.resourceVersion)
        return .switch(deletion, "\(key(original)) is removed, its copy has the requests")
    }

    private func copy(of route: Document) -> Document {
        let kept = route.meta.annotations.members.filter {
            !["kubectl.kubernetes.io/last-applied-configuration", Names.adoptedParents]
                .contains($0.key)
        }
        var annotations = Document.object(Fields(kept))
        annotations[Names.adoptedBy] = .string(request.release.name)
        annotations[Names.copyOf] = .string(route.objectName)
        // Without labels: by those somebody's tool might take the copy for its own.
        return [
            "apiVersion": .string(ResourceKind.httpRoute.apiVersion),
            "kind": .string(ResourceKind.httpRoute.kind),
            "metadata": [
                "name": .string("\(route.objectName)-adopted"),
                "namespace": .string(request.release.namespace), "annotations": annotations,
            ],
            "spec": route["spec"] ?? [:],
        ]
    }

    // MARK: Detaching and attaching

    /// Changes exactly the route that was seen.
    private func detaching(_ route: Document) -> [PatchOperation] {
        let meta = route.meta
        var operations = seen(route)
        if meta.annotations.isEmpty {
            // Making the map could wipe one that somebody makes now.
            operations.append(
                .init(.test, "/metadata/resourceVersion", .string(meta.resourceVersion)))
            operations.append(.init(.add, "/metadata/annotations", .object(Fields())))
        }
        let parents = Document.array(CarriedTraffic.parents(of: route))
        operations.append(
            .init(.add, place(Names.adoptedBy), .string(request.release.name)))
        operations.append(
            .init(.add, place(Names.adoptedParents), .string(parents.canonicalJSONString())))
        operations.append(.init(.add, place(Names.adoptedAt), .string(now.description)))
        operations.append(.init(.replace, "/spec/parentRefs", .array([])))
        return operations
    }

    private func attaching(_ route: Document, to parents: [Document]) -> [PatchOperation] {
        seen(route) + [
            .init(.add, "/spec/parentRefs", .array(parents)),
            .init(.remove, place(Names.adoptedParents)),
        ]
    }

    private func seen(_ route: Document) -> [PatchOperation] {
        [
            .init(.test, "/metadata/uid", .string(route.meta.uid)),
            .init(.test, "/spec", route["spec"] ?? .null),
        ]
    }

    private func place(_ annotation: String) -> String {
        "/metadata/annotations/\(PatchOperation.escape(annotation))"
    }

    private func goBack() -> Action {
        guard old.findings.problems.isEmpty else { return .refused(old.findings.problems) }
        guard let route = old.route, old.original == nil else {
            guard let original = old.original else {
                return .refused(["there is no HTTPRoute to go back to"])
            }
            return .done("\(original.title) has its Gateways: nothing was moved")
        }
        let parents = CarriedTraffic.parents(of: route)
        guard !parents.isEmpty else {
            return .refused([
                "\(route.title): the annotation \(Names.adoptedParents) does not say which "
                    + "Gateways it had: attach it by hand"
            ])
        }
        guard isDetached else {
            if let traffic = carriedTraffic?.traffic, let view = HTTPRouteView(route),
                let text = unaccepted(view, traffic)
            {
                return .wait(text)
            }
            return .done("\(route.title) has its Gateways, and the requests")
        }
        guard let deployment = old.deployment, let view = DeploymentView(deployment),
            old.service != nil
        else { return .refused(old.missing) }
        guard view.replicas > 0 else {
            return .refused([
                "\(deployment.title) has no pods: scale it up first, kubectl scale deployment "
                    + "\(deployment.objectName) -n \(request.release.namespace) --replicas=…"
            ])
        }
        // One that answers is better than what made somebody go back.
        guard view.ready > 0 else {
            return .wait("\(deployment.title): no pod of \(view.replicas) is ready")
        }
        let few = view.ready < view.replicas ? "; \(view.ready) of \(view.replicas) pods ready" : ""
        return .write(
            .jsonPatch(key(route), attaching(route, to: parents)),
            "\(key(route)) has its Gateways again, and as the older route every request\(few)")
    }

    private func key(_ route: Document) -> ResourceKey {
        ResourceKey(.httpRoute, namespace: request.release.namespace, name: route.objectName)
    }
}
