#pragma once

#include <stele/eventstore/tags/tag_list.hpp>
#include <stele/eventstore/version.hpp>

#include <string>
#include <vector>

/// Tags that are added to events after these were stored: how a store does it (event_store::add_tags()). Programs call
/// stele::tag_stored_events (tag_stored_events.hpp), which does it for all events of some types.
namespace stele::inline v0 {

/// How far the stored events of a type have their tags with a key: see event_store::tagging_status().
struct tagging_status {
    std::string key;   ///< The key of the tags: "course".
    std::string type;  ///< The type of the events, as stored.
    position up_to;    ///< Inclusive: every event of the type up to here has its tags with this key.
    position goal;     ///< Inclusive: up to where events may lack them. Those after it were appended with them.
    /// Where tags were begun to be added last, which is a record of its own in the log: what was decided before it does
    /// not hold any more. 0: never.
    position since = {};

    /// Whether no event lacks them any more. Until then, no query may name a tag with this key.
    [[nodiscard]] bool complete() const { return up_to >= goal; }

    friend bool operator==(const tagging_status&, const tagging_status&) = default;
};

/// Tags for a stored event, beside those that it has.
struct tag_addition {
    position event;  ///< Where it is.
    tag_list tags;   ///< What to add. A tag that it has already is left as it is.
};

/// Tags for some stored events, and how far their types are then: see event_store::add_tags().
struct tag_batch {
    /// One step of the filling of a key for a type: what lies in (after, status.up_to] has its tags with this batch.
    struct step {
        tagging_status status;  ///< How far the type is then.
        position after;         ///< Exclusive. The step counts only if the store is at least so far.
        bool again = false;     ///< Begins again at `after`, also if the key was complete.
    };

    std::vector<tag_addition> additions = {};  ///< An event occurs once.
    std::vector<step> steps = {};              ///< A key and a type occur together once.
};

}  // namespace stele::inline v0
