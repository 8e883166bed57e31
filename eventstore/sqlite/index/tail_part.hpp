#pragma once

#include <stele/eventstore/uuid.hpp>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// What an event gives to the indices.
struct index_entry {
    std::int64_t position = 0;
    std::int64_t stream = 0;
    std::int64_t version = 0;
    uuid id = {};
    bool in_order = false;  ///< Its id is greater than all before it.
    std::string tags = {};  ///< A run of the ids of its tags (runs.hpp); empty if it has none.
};

/// The events (after, up_to].
struct position_range {
    std::int64_t after = 0;
    std::int64_t up_to = std::numeric_limits<std::int64_t>::max();
};

/// The versions from `first` to `last`, both inclusive.
struct version_range {
    std::int64_t first = 1;
    std::int64_t last = std::numeric_limits<std::int64_t>::max();
};

/// The positions of versions that follow each other from `first` on.
struct version_run {
    std::int64_t first = 0;
    std::vector<std::int64_t> positions;
};

/// An id and where its event is.
using id_position = std::pair<uuid, std::int64_t>;

/// Some of the events that are not in the indices yet: all after `after` up to its last one.
class tail_part {
public:
    /// Positions are kept as differences to that of the part, in so many bits.
    using offset = std::uint32_t;
    static constexpr std::int64_t longest = std::numeric_limits<offset>::max();

    explicit tail_part(std::int64_t after) : after_(after) {}

    [[nodiscard]] std::int64_t after() const { return after_; }
    [[nodiscard]] std::size_t size() const { return size_; }

    /// Adds an event with a greater position than all before. If it throws, the same call may be made again.
    void add(const index_entry& entry);

    /// Adds to `found`, in their order, the positions of the versions of a stream that are in both ranges, at most
    /// until it has `most`.
    void find_versions(std::int64_t stream, position_range within, version_range versions, std::size_t most,
                       std::vector<std::int64_t>& found) const;
    /// The same from the last one back.
    void find_versions_backward(std::int64_t stream, position_range within, version_range versions, std::size_t most,
                                std::vector<std::int64_t>& found) const;
    /// The last version of a stream in the range; 0 if it has none.
    [[nodiscard]] std::int64_t last_version(std::int64_t stream, position_range within) const;
    /// Adds the events of a stream in the range to `found`.
    void find_runs(std::int64_t stream, position_range within, std::vector<version_run>& found) const;
    /// Adds the positions in the range of events with this tag.
    void find_tag(std::int64_t tag, position_range within, std::vector<std::int64_t>& found) const;
    /// Adds the positions in the range where an event has, or had, this id.
    void find_id(const uuid& id, position_range within, std::vector<std::int64_t>& found) const;

    /// Adds the streams, tags and ids of the events in the range, in no order but that of the ids in order.
    void list_streams(position_range within, std::vector<std::int64_t>& found) const;
    void list_tags(position_range within, std::vector<std::int64_t>& found) const;
    void list_ids_in_order(position_range within, std::vector<id_position>& found) const;
    void list_ids_out_of_order(position_range within, std::vector<id_position>& found) const;
    /// The greatest id in order; nil if there is none.
    [[nodiscard]] uuid greatest_id() const;

private:
    // The versions of a stream follow each other, because only its first events are ever removed.
    struct stream_versions {
        std::int64_t first = 0;
        std::vector<offset> positions;
    };
    // The places in its list that are in both ranges: [first, last).
    struct places {
        std::size_t first = 0, last = 0;
    };
    struct id_hash {
        std::size_t operator()(const uuid& id) const noexcept;
    };
    [[nodiscard]] places places_of(const stream_versions& stream, position_range within, version_range versions) const;
    [[nodiscard]] std::pair<std::size_t, std::size_t> span_of(const std::vector<offset>& positions,
                                                              position_range within) const;
    [[nodiscard]] std::int64_t position_of(offset o) const { return after_ + static_cast<std::int64_t>(o); }
    [[nodiscard]] offset offset_of(std::int64_t position) const;
    [[nodiscard]] bool is_within(offset o, position_range within) const {
        return position_of(o) > within.after && position_of(o) <= within.up_to;
    }

    std::int64_t after_;
    std::size_t size_ = 0;
    std::unordered_map<std::int64_t, stream_versions> streams_;
    std::unordered_map<std::int64_t, std::vector<offset>> tags_;
    std::vector<std::pair<uuid, offset>> in_order_;
    std::unordered_multimap<uuid, offset, id_hash> out_of_order_;
};

}  // namespace stele::inline v0::detail
