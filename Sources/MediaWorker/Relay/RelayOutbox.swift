// What a worker has to tell other workers at the end of the turn.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Wire

/// Messages to other loops in the order in which they were gathered; payloads stay in their histories until the end
/// of the turn.
struct RelayOutbox: ~Copyable {
    /// How many messages one turn may bring together: all packets of a full turn, and the past of some streams.
    static let capacity = 2_048
    /// How many of them are kept for what is not a packet.
    static let reserve = 256

    /// A message, and where it goes.
    struct Item {
        var message: RelayMessage
        /// The stream whose history holds the payload; meaningless for all but packets.
        var producer: Int
        /// One bit for each loop it is for.
        var loops: UInt64
    }

    private var items = UniqueArray<Item>()

    /// How many messages wait.
    var count: Int { items.count }

    /// A message that waits.
    subscript(_ index: Int) -> Item { items[index] }

    /// Adds a message; `false` if there is no room.
    mutating func append(_ item: Item, isPacket: Bool) -> Bool {
        let most = isPacket ? Self.capacity - Self.reserve : Self.capacity
        guard items.count < most else { return false }
        // Memory is taken once, by the first message of a worker that relays.
        if items.capacity < Self.capacity { items.reserveCapacity(Self.capacity) }
        items.append(item)
        return true
    }

    /// Forgets everything.
    mutating func removeAll() { items.removeAll(keepingCapacity: true) }
}

/// Which of our streams stands for which of another loop.
struct RelayTable: ~Copyable {
    /// How many streams one loop may relay to another.
    static let placesMax = 65_536

    private struct Place {
        /// The generation at the publisher's loop; 0: none.
        var foreign: UInt32 = 0
        var producer = 0
        /// Our own generation.
        var own: UInt32 = 0
    }

    private var places = UniqueArray<Place>()

    /// Our stream for a stream of the other loop, as far as it was noted, with its generation.
    func producer(for stream: RelayedStream) -> (index: Int, generation: UInt32)? {
        let index = Int(stream.place)
        guard index < places.count, places[index].foreign == stream.generation,
            stream.generation != 0
        else { return nil }
        return (places[index].producer, places[index].own)
    }

    /// What stands for an earlier stream at the place of this one; `nil`: nothing.
    func predecessor(of stream: RelayedStream) -> (index: Int, generation: UInt32)? {
        let index = Int(stream.place)
        guard index < places.count, places[index].foreign != 0,
            places[index].foreign != stream.generation
        else { return nil }
        return (places[index].producer, places[index].own)
    }

    /// Notes which stream of ours stands for a stream of the other loop; `false` if its place is out of bounds.
    mutating func set(_ stream: RelayedStream, producer: Int, generation: UInt32) -> Bool {
        let index = Int(stream.place)
        guard index < Self.placesMax else { return false }
        while places.count <= index { places.append(Place()) }
        places[index] = Place(
            foreign: stream.generation, producer: producer, own: generation)
        return true
    }
}
