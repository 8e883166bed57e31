#include "faults/tools/kill_child.hpp"

#include "support/merge_events.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <vector>

using stele::expected_version;
using stele::stream_id;

namespace {

class writer_thread {
public:
    writer_thread(stele::sqlite_store& store, const child_plan& plan, std::uint16_t writer, int pipe)
        : store_(store), plan_(plan), writer_(writer), pipe_(pipe), random_(plan.seed * 31 + writer) {}

    void run() {
        try {
            while (true) act();
        } catch (const std::exception& fault) {
            tell({.what = receipt::kind::fault}, fault.what());
        }
    }

private:
    void act() {
        switch (random_() % 16) {
            case 0: return append_to_several();
            case 1: return burst();
            case 2: return repeat();
            case 3: return append_and_remove();
            case 4: return random_() % 8 == 0 ? store_.compact() : append(own_stream(), expected_version::any());
            case 5: return append(own_stream(), expected_version::no_stream());  // a conflict after the first time
            case 6:
            case 7: return append(own_stream(), expected_version::any());
            default: break;
        }
        // The hot streams are shared with all threads and processes, so many of these are conflicts.
        const auto stream = hot_stream(random_() % 3);
        append(stream, expected_version::exactly(store_.stream_version(stream)));
    }

    static stream_id hot_stream(std::uint64_t number) { return {"hot", std::to_string(number)}; }
    [[nodiscard]] stream_id own_stream() const { return {"own", std::to_string(writer_)}; }

    struct batch {
        append_key key;
        std::vector<stele::event_data> events;
    };

    batch next_batch(std::size_t most = 6) {
        static constexpr std::uint8_t classes[] = {0, 1, 1, 1, 2, 2, 3, 4};
        std::vector<std::uint8_t> sizes(1 + random_() % most);
        for (auto& size : sizes) size = random_() % 64 == 0 ? 6 : classes[random_() % std::size(classes)];
        const append_key key{plan_.round, writer_, number_++};
        return {key, make_labelled(key, sizes)};
    }

    void append(const stream_id& stream, expected_version expected) {
        last_ = next_batch();
        last_stream_ = stream.str();
        last_result_ = store_.append(stream, expected, last_.events);
        tell_outcome(last_, stream, last_result_);
    }

    void append_to_several() {
        const auto made = next_batch();
        const auto events = std::span(made.events);
        const auto half = events.size() / 2;
        const auto hot = hot_stream(random_() % 3);
        std::vector<stele::stream_write> writes;
        if (half > 0) writes.push_back({own_stream(), expected_version::any(), events.first(half)});
        writes.push_back({hot, expected_version::exactly(store_.stream_version(hot)), events.subspan(half)});
        const auto outcome = store_.append(writes);
        if (outcome)
            tell_accepted(made, hot, outcome->back());
        else
            tell_refused(made, hot);
    }

    void burst() {
        std::vector<batch> made;
        std::vector<std::future<std::expected<stele::append_result, stele::conflict>>> under_way;
        for (int i = 0; i < 8; ++i) {
            made.push_back(next_batch(3));
            under_way.push_back(store_.append_async(own_stream(), expected_version::any(), made.back().events));
        }
        for (std::size_t i = 0; i < made.size(); ++i) tell_outcome(made[i], own_stream(), under_way[i].get());
    }

    void repeat() {
        if (last_.events.empty() || !last_result_) return;
        const auto again = store_.append(stream_id{last_stream_}, expected_version::any(), last_.events);
        if (!again || again->position != last_result_->position)
            throw broken(to_string(last_.key) + " was repeated with another result");
    }

    void append_and_remove() {
        const auto made = next_batch();
        const stream_id stream{removable_category, std::to_string(plan_.round) + "-" + std::to_string(writer_) + "-" +
                                                       std::to_string(made.key.number)};
        const auto outcome = store_.append(stream, expected_version::no_stream(), made.events);
        tell_outcome(made, stream, outcome);
        if (!outcome) throw broken("a new stream is not new");
        const auto removal = random_() % 3;
        const auto removed = removal == 0   ? store_.truncate_stream(stream, {outcome->version.value + 1})
                             : removal == 1 ? store_.delete_stream(stream)
                                            : store_.tombstone_stream(stream);
        if (!removed) throw broken("the removal was refused");
        tell({.what = receipt::kind::removed, .key = made.key, .position = removed->position}, stream.str());
    }

    void tell_outcome(const batch& made, const stream_id& stream,
                      const std::expected<stele::append_result, stele::conflict>& outcome) {
        if (outcome)
            tell_accepted(made, stream, *outcome);
        else
            tell_refused(made, stream);
    }

    void tell_accepted(const batch& made, const stream_id& stream, const stele::append_result& result) {
        tell({.what = receipt::kind::accepted,
              .count = static_cast<std::uint16_t>(made.events.size()),
              .key = made.key,
              .version = result.version,
              .position = result.position},
             stream.str());
    }

    void tell_refused(const batch& made, const stream_id& stream) {
        tell({.what = receipt::kind::refused, .key = made.key}, stream.str());
    }

    void tell(receipt told, std::string_view text) const {
        std::memcpy(told.text, text.data(), std::min(text.size(), sizeof told.text - 1));
        // Less than PIPE_BUF, so the write is atomic.
        if (::write(pipe_, &told, sizeof told) != sizeof told) ::_exit(1);
    }

    stele::sqlite_store& store_;
    const child_plan& plan_;
    std::uint16_t writer_;
    int pipe_;
    std::mt19937_64 random_;
    std::uint32_t number_ = 0;
    batch last_;
    std::string last_stream_;
    std::expected<stele::append_result, stele::conflict> last_result_{};
};

}  // namespace

void run_child(const child_plan& plan, int pipe) {
    try {
        const stele::sqlite_options options{.durability = plan.durability,
                                            .connection = {.busy_timeout = std::chrono::minutes{1}}};
        auto store = stele::sqlite_store::open(plan.file, with_merges(options, plan.merge_events));
        const receipt opened;
        if (::write(pipe, &opened, sizeof opened) != sizeof opened) ::_exit(1);
        std::vector<std::jthread> threads;
        for (std::uint16_t i = 0; i < plan.threads; ++i)
            threads.emplace_back(
                [&, i] { writer_thread{store, plan, static_cast<std::uint16_t>(plan.first_writer + i), pipe}.run(); });
    } catch (const std::exception& fault) {
        receipt told{.what = receipt::kind::fault};
        std::strncpy(told.text, fault.what(), sizeof told.text - 1);
        (void)!::write(pipe, &told, sizeof told);
    }
    ::_exit(1);
}
