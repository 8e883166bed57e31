// The invariants.

#include "eventstore/index/index_model.hpp"

#include <algorithm>

namespace index_model {
namespace {

struct found {
    number version = 0, position = 0;
    friend bool operator==(const found&, const found&) = default;
};

/// What is in the file, by the log alone.
std::vector<found> truth(const file& in, stream_number stream) {
    std::vector<found> all;
    for (number p = 1; p <= in.head(); ++p)
        if (const auto& at = in.log[p - 1]; at.stream == stream && !at.removed) all.push_back({at.version, p});
    return all;
}

/// What a reader of `snapshot` finds of a stream: by its runs up to W, then by the tail. The row of an event decides
/// whether it is still there.
std::vector<found> read_stream(const file& snapshot, const tail& recent, stream_number stream, number newest_watermark,
                               const rules& kept) {
    std::vector<found> all;
    for (const auto& [first, positions] : snapshot.runs[stream]) {
        auto version = first;
        for (const auto p : positions) {
            const bool is_merged = !kept.runs_stop_at_watermark || p <= snapshot.watermark;
            if (is_merged && !snapshot.log[p - 1].removed) all.push_back({version, p});
            ++version;
        }
    }
    const auto after = !kept.tail_starts_at_watermark           ? number{0}
                       : kept.readers_use_watermark_of_snapshot ? snapshot.watermark
                                                                : newest_watermark;
    for (const auto& each : recent.entries) {
        if (each.stream != stream || each.position <= after) continue;
        const bool is_beyond = each.position > snapshot.head();
        if (is_beyond ? !kept.readers_stop_at_head : !snapshot.log[each.position - 1].removed)
            all.push_back({each.version, each.position});
    }
    return all;
}

}  // namespace

void model::check_reader(const file& snapshot, const tail& recent, number newest_watermark) const {
    for (stream_number stream = 0; stream < limits_.streams; ++stream) {
        const auto seen = read_stream(snapshot, recent, stream, newest_watermark, kept_);
        const auto expected = truth(snapshot, stream);
        expect(seen.size() <= expected.size(), "a reader sees an event twice, or one that is not in its snapshot");
        expect(seen == expected, "a reader does not see exactly the events of its snapshot, in order");
    }
}

void model::check_file(const file& before, const file& after) const {
    expect(after.watermark >= before.watermark, "W has become smaller");
    expect(after.watermark <= after.head(), "W is beyond the head");
    for (stream_number stream = 0; stream < limits_.streams; ++stream) {
        std::vector<found> covered;
        for (const auto& [first, positions] : after.runs[stream]) {
            auto version = first;
            for (const auto p : positions) covered.push_back({version++, p});
        }
        for (const auto& [version, p] : covered)
            expect(after.log[p - 1].stream == stream && after.log[p - 1].version == version,
                   "a run says what is not so");
        for (const auto& each : truth(after, stream))
            expect(each.position > after.watermark || std::ranges::count(covered, each) > 0,
                   "W covers an event that is in no run");
    }
    // Another program opens the file, or a backup that was made now.
    tail fresh;
    fill(fresh, after, nobody);
    check_reader(after, fresh, after.watermark);
}

}  // namespace index_model
