internal import EventHorizon

extension MemoryState {
    /// Records the group and adds a member to it.
    /// - Throws: `Misconfiguration` where the group contradicts the topology.
    mutating func join(_ declaration: GroupDeclaration) throws -> (number: Int, id: String) {
        let lives = members.contains { groups[$0.group].name == declaration.name && $0.isActive }
        _ = try topology.record(declaration, replacingStore: lives ? nil : topology.otherStore(of: declaration))
        let group: Int
        if let known = groups.firstIndex(where: { $0.name == declaration.name }) {
            group = known
        } else {
            let log = self[declaration.log]
            group = groups.count
            groups.append(
                GroupState(
                    name: declaration.name, log: declaration.log,
                    progress: (0..<partitionCount).map { declaration.start == .end ? log.end(of: $0) : .start },
                    owners: Array(repeating: nil, count: partitionCount), isUnclean: Array(repeating: false, count: partitionCount),
                    trying: Array(repeating: nil, count: partitionCount)))
        }
        memberCount += 1
        let id = "\(declaration.name)-\(memberCount)"
        members.append(
            MemberState(number: memberCount, id: id, group: group, declaration: declaration, partitionCount: partitionCount, now: clock.now))
        rebalance(group)
        return (memberCount, id)
    }

    /// Takes a member out of its group, with what it still holds.
    mutating func leave(_ number: Int, isClean: Bool) {
        guard let member = index(of: number) else { return }
        for partition in members[member].held {
            if isClean { release(partition, of: member) } else { take(partition, from: member, isUnclean: true, tell: false) }
        }
        let group = members[member].group
        members.remove(at: member)
        rebalance(group)
    }

    /// Gives every active member its share: sorted by id, P / n partitions each, the first P % n one more. What is beyond the share is revoked,
    /// what is free is claimed.
    mutating func rebalance(_ group: Int) {
        let active = members.indices.filter { members[$0].group == group && members[$0].isActive }.sorted { members[$0].id < members[$1].id }
        guard !active.isEmpty else { return }
        var open: [(member: Int, count: Int)] = []
        for (rank, member) in active.enumerated() {
            let quota = partitionCount / active.count + (rank < partitionCount % active.count ? 1 : 0)
            var kept = members[member].held.filter { members[member].sessions[$0]?.isRevoked == false }
            while kept.count > quota { revoke(kept.removeLast(), of: member) }
            open.append((member, quota - kept.count))
        }
        for partition in 0..<partitionCount where groups[group].owners[partition] == nil {
            // A member that has not been told yet of a loss must not be given the same partition in the same turn.
            guard let next = open.firstIndex(where: { $0.count > 0 && !members[$0.member].lost.contains(partition) }) else { continue }
            open[next].count -= 1
            claim(partition, for: open[next].member)
        }
    }

    private mutating func claim(_ partition: Int, for member: Int) {
        let group = members[member].group
        groups[group].owners[partition] = members[member].number
        members[member].sessions[partition] = MemberState.Session()
        members[member].claimed.append(
            Claim(
                partition: partition, progress: groups[group].progress[partition], end: self[groups[group].log].end(of: partition),
                isUnclean: groups[group].isUnclean[partition], trying: groups[group].trying[partition]))
        groups[group].isUnclean[partition] = false
        wake(member)
    }

    private mutating func revoke(_ partition: Int, of member: Int) {
        if members[member].claimed.contains(where: { $0.partition == partition }) {
            take(partition, from: member, isUnclean: false, tell: false)
        } else {
            members[member].sessions[partition]?.isRevoked = true
            members[member].revoked.append(partition)
            wake(member)
        }
    }

    mutating func release(_ partition: Int, of member: Int) {
        if let progress = members[member].sessions[partition]?.unrecorded { record(progress, partition, members[member].group) }
        take(partition, from: member, isUnclean: false, tell: false)
    }

    /// Ends a session. A member that never heard of its claim leaves the partition as it was.
    mutating func take(_ partition: Int, from member: Int, isUnclean: Bool, tell: Bool) {
        let group = members[member].group
        let unheard = members[member].drop(partition)
        groups[group].owners[partition] = nil
        groups[group].isUnclean[partition] = unheard?.isUnclean ?? isUnclean
        if !groups[group].isUnclean[partition] { groups[group].trying[partition] = nil }
        if tell, unheard == nil {
            members[member].lost.append(partition)
            wake(member)
        }
    }

    mutating func record(_ progress: Position, _ partition: Int, _ group: Int) {
        let last = groups[group].progress[partition]
        groups[group].progress[partition] = max(last, progress)
        if groups[group].trying[partition]?.isOver(when: last, movesTo: progress) ?? false { groups[group].trying[partition] = nil }
    }

    /// Records what faults held back.
    mutating func recordAll() {
        for member in members.indices {
            for partition in members[member].held {
                guard let progress = members[member].sessions[partition]?.unrecorded else { continue }
                members[member].sessions[partition]?.unrecorded = nil
                record(progress, partition, members[member].group)
            }
        }
    }

    /// Where leases are switched on: a member that was not seen for longer than the lease loses its partitions, if another one can have them.
    mutating func expireLeases() {
        guard let lease = faults?.lease else { return }
        let now = clock.now
        // One that drains and falls silent is no better than any other.
        for member in members.indices where !members[member].isAsleep && now - members[member].lastSeen > lease {
            let group = members[member].group
            let hasOther = members.indices.contains {
                $0 != member && members[$0].group == group && members[$0].isActive && now - members[$0].lastSeen <= lease
            }
            guard hasOther else { continue }
            for partition in members[member].held { take(partition, from: member, isUnclean: true, tell: true) }
            members[member].isAsleep = true
            rebalance(group)
        }
    }
}
