// States as bytes, and steps as words.

#include "eventstore/index/index_model.hpp"

#include <utility>

namespace index_model {

std::string to_string(const step& one) {
    static constexpr const char* names[] = {"write", "commit", "roll back", "publish", "take snapshot",
                                            "look",  "read",   "crash",     "open"};
    const bool is_reader =
        one.what == step::kind::take_snapshot || one.what == step::kind::look || one.what == step::kind::read;
    auto text = std::string(is_reader ? "reader " : "process ") + std::to_string(one.who) + ": " +
                names[static_cast<int>(one.what)];
    if (one.changes == step::change::append) text += ", append to " + std::to_string(one.stream);
    if (one.changes == step::change::remove)
        text += ", remove up to version " + std::to_string(one.up_to) + " of " + std::to_string(one.stream);
    return text + (one.merges ? ", merge slice" : "");
}

namespace {

/// The fewest bytes that tell states apart; entries and merges fit into one each.
class key_writer {
public:
    void put(std::uint8_t value) { text_.push_back(static_cast<char>(value)); }
    void put(const known_file* in) {
        const auto id = in == nullptr ? 0U : in->second;
        put(static_cast<std::uint8_t>(id & 0xFF)), put(static_cast<std::uint8_t>(id >> 8)),
            put(static_cast<std::uint8_t>(id >> 16));
    }
    void put(const entry& each) {
        put(static_cast<std::uint8_t>(each.position | each.version << 3 | each.stream << 6));
    }
    void put(const merge& at) { put(static_cast<std::uint8_t>(at.target | at.next << 4)); }
    void put(const process& each) {
        put(static_cast<std::uint8_t>(each.runs | each.others_wrote << 1 | static_cast<int>(each.at) << 2));
        put(static_cast<std::uint8_t>(each.recent.begins_after | each.recent.ends_at << 4));
        put(static_cast<std::uint8_t>(each.recent.whole_from | each.trims_to << 4));
        put(static_cast<std::uint8_t>(each.recent.entries.size()));
        for (const auto& one : each.recent.entries) put(one);
        put(each.remembered.value_or(merge{nobody & 0xF, 0}));
        if (each.at == phase::idle) return;
        put(each.appended);
        put(each.transaction);
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

}  // namespace

std::string state::key() const {
    key_writer out;
    out.put(committed);
    for (const auto& each : processes) out.put(each);
    for (const auto* const each : snapshots) out.put(each);
    out.put(static_cast<std::uint8_t>(looking[0] | looking[1] << 1 | looking[2] << 2));
    out.put(static_cast<std::uint8_t>(removals | crashes << 2 | roll_backs << 4));
    return out.take();
}

}  // namespace index_model
