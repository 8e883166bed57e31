#include <stele/codec/tags/tag_stored_events.hpp>
#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace stele::inline v0::detail {
namespace {

class tagging_run {
public:
    tagging_run(event_store& store, const event_table& events, const std::vector<key_of_type>& keys,
                const tagging_options& options)
        : store_(store), decoder_(events), filter_(events.filter()), options_(options) {
        report_.goal = store.head();
        for (const auto& each : keys)
            if (is_chosen(each.first)) keys_.try_emplace(each);
        for (const auto& chosen : options.keys) expect_carried(chosen);
    }

    tagging_report run() {
        look();
        if (!check()) return report_;
        if (lack_tags_)
            begin();
        else
            complete();
        while (!report_.complete && !options_.stop.stop_requested()) step();
        return report_;
    }

private:
    [[nodiscard]] bool is_chosen(std::string_view key) const {
        return options_.keys.empty() || std::ranges::find(options_.keys, key) != options_.keys.end();
    }
    void expect_carried(const std::string& key) const {
        if (std::ranges::any_of(keys_, [&](const auto& each) { return each.first.first == key; })) return;
        throw error{
            error_kind::invalid_argument,
            fmt::format("tagging_options: no event of this consumer carries the key '{}'; name one that `tags_of` "
                        "gives its events, or leave `keys` empty for all of them",
                        key)};
    }

    // Looks at every event before a key is closed that could not be completed. False if it was stopped.
    bool check() {
        if (options_.again) report_.up_to = {};
        auto after = report_.up_to;
        for (auto events = read(after); !events.empty(); events = read(after)) {
            if (options_.stop.stop_requested()) return report_.complete = false;
            for (const auto& event : events) try {
                    const auto tags = tags_for(event);
                    lack_tags_ = lack_tags_ || !event.tags.contains_all(tags);
                } catch (...) {
                    if (!options_.on_fault) throw;
                    ++report_.events_failed;
                    options_.on_fault(event, std::current_exception());
                }
            report_.events_read += events.size();
            after = events.back().position;
        }
        return true;
    }

    // From here on nobody is answered by a key that is not complete, and what was decided before does not hold.
    void begin() {
        tag_batch first;
        for (const auto& [key, known] : keys_)
            first.steps.push_back({{key.first, key.second, report_.up_to, report_.goal}, report_.up_to, true});
        store_.add_tags(first);
        look();
    }

    // No event lacks a tag.
    void complete() {
        if (report_.complete) return;
        tag_batch all;
        for (const auto& [key, known] : keys_)
            all.steps.push_back({{key.first, key.second, report_.goal, report_.goal}, report_.up_to, true});
        store(all);
    }

    void store(const tag_batch& batch) {
        store_.add_tags(batch);
        report_.events_tagged += batch.additions.size();
        look();
        if (options_.on_progress) options_.on_progress(report_);
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
        store(batch);
    }

    // The next events; none if there are no more up to the goal.
    event_batch read(position after) {
        auto all = store_.read_all({.after = after, .up_to = report_.goal, .filter = filter_});
        return all.begin().take();
    }

    void add(const recorded_event& event, tag_batch& batch) {
        try {
            auto tags = tags_for(event);
            if (!event.tags.contains_all(tags)) batch.additions.push_back({event.position, std::move(tags)});
        } catch (const error&) {
            if (!options_.on_fault) throw;  // it was told of before
        }
    }

    // The tags of the chosen keys that the event is to have. With those that it has, they must fit.
    tag_list tags_for(const recorded_event& event) {
        tag_list chosen;
        if (event.content != event_content::message) return chosen;
        try {
            tag_list all;
            static_cast<void>(decoder_.decode_if_known(event, &all));
            tag_list together(event.tags);
            for (const auto tag : all.view()) {
                if (!is_chosen(tag.substr(0, tag.find(':')))) continue;
                chosen.add(tag);
                together.add(tag);
            }
        } catch (...) {
            throw_failed_at("tag_stored_events", event);
        }
        return chosen;
    }

    event_store& store_;
    event_decoder decoder_;
    event_query filter_;
    const tagging_options& options_;
    std::map<key_of_type, std::optional<tagging_status>> keys_;  // nothing: it was never begun
    tagging_report report_;
    bool lack_tags_ = false;  // some of them
};

}  // namespace

tagging_report tag_stored_events(event_store& store, const event_table& events, const std::vector<key_of_type>& keys,
                                 const tagging_options& options) {
    return tagging_run(store, events, keys, options).run();
}

}  // namespace stele::inline v0::detail
