#include <stele/codec/tags/tag_stored_events.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/error.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace stele::inline v0::detail {
namespace {

class tagging_run {
public:
    tagging_run(event_store& store, const event_table& events, const std::vector<key_of_type>& keys,
                const tagging_options& options)
        : store_(store), decoder_(events), filter_(events.filter()), options_(options) {
        report_.goal = store.head();
        for (const auto& each : keys) keys_.try_emplace(each);
    }

    tagging_report run() {
        begin();
        while (!report_.complete && !options_.stop.stop_requested()) {
            step();
            look();
            if (options_.on_progress) options_.on_progress(report_);
        }
        return report_;
    }

private:
    // From here on nobody is answered by a key that is not complete.
    void begin() {
        look();
        const auto is_complete = [](const auto& each) { return each.second && each.second->complete(); };
        if (!options_.again && std::ranges::all_of(keys_, is_complete)) return;
        tag_batch first;
        for (const auto& [key, known] : keys_)
            first.steps.push_back({{key.first, key.second, {}, report_.goal}, {}, options_.again});
        store_.add_tags(first);
        look();
    }

    // Others may run as well, so the store says how far it is.
    void look() {
        for (const auto& status : store_.tagging_status())
            if (const auto known = keys_.find({status.key, status.type}); known != keys_.end()) known->second = status;
        position least = position::max();
        for (const auto& [key, known] : keys_) {
            least = std::min(least, known ? known->up_to : position{});
            if (known) report_.goal = std::max(report_.goal, known->goal);
        }
        report_.up_to = std::min(least, report_.goal);
        report_.complete = report_.up_to == report_.goal;
    }

    void step() {
        const auto after = report_.up_to;
        const auto events = read(after);
        tag_batch batch;
        for (const auto& event : events) add(event, batch);
        const auto up_to = events.empty() ? report_.goal : events.back().position;
        for (const auto& [key, known] : keys_)
            batch.steps.push_back({{key.first, key.second, up_to, report_.goal}, after});
        store_.add_tags(batch);
        report_.events_read += events.size();
        report_.events_tagged += batch.additions.size();
    }

    // The next events; none if there are no more up to the goal.
    event_batch read(position after) {
        auto all = store_.read_all({.after = after, .up_to = report_.goal, .filter = filter_});
        return all.begin().take();
    }

    void add(const recorded_event& event, tag_batch& batch) {
        tag_list tags;
        try {
            static_cast<void>(decoder_.decode_if_known(event, &tags));
        } catch (...) {
            throw_failed_at("tag_stored_events", event);
        }
        if (!event.tags.contains_all(tags)) batch.additions.push_back({event.position, std::move(tags)});
    }

    event_store& store_;
    event_decoder decoder_;
    event_query filter_;
    const tagging_options& options_;
    std::map<key_of_type, std::optional<tagging_status>> keys_;  // nothing: it was never begun
    tagging_report report_;
};

}  // namespace

tagging_report tag_stored_events(event_store& store, const event_table& events, const std::vector<key_of_type>& keys,
                                 const tagging_options& options) {
    return tagging_run(store, events, keys, options).run();
}

}  // namespace stele::inline v0::detail
