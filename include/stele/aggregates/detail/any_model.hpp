#pragma once

#include <stele/codec/detail/event_table.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_query.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/version.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

/// Decision models with their types behind pointers: the code that reads and folds is compiled once, not per type.
namespace stele::inline v0 {

class event_store;

namespace detail {

/// What one part of a model folds, or the model itself.
struct model_fold {
    const event_table* events;
    void* state;                   ///< The part, inside the model.
    std::vector<tag_list> any_of;  ///< An event must carry all tags of one of these. None: it folds nothing.
};

/// What the library knows about a type of decision model. One object per type; it lives as long as the program.
struct model_type {
    std::string name;  ///< For messages.
    void* (*make)();   ///< A new state, as before the first event.
    void (*destroy)(void* state) noexcept;
};

/// Draws the boundary of a command around a state.
using model_scope = std::vector<model_fold> (*)(const google::protobuf::Message& command, void* state);

/// The state of a decision model for one command. One thread at a time.
class any_model {
public:
    /// Makes the state before the first event. Throws what `boundary` throws, and stele::error (invalid_argument) if no
    /// part of it names a tag.
    any_model(const model_type& type, model_scope scope, const google::protobuf::Message& command);
    /// Works on a state that belongs to the caller.
    any_model(const model_type& type, model_scope scope, const google::protobuf::Message& command, void* state);

    /// Which events it folds: its boundary.
    [[nodiscard]] const event_query& boundary() const& noexcept { return boundary_; }
    void boundary() const&& = delete;
    [[nodiscard]] const void* state() const noexcept { return state_.get(); }

    /// Reads and folds all events of the boundary up to this position. Throws stele::error (undecodable) for one that
    /// does not parse; what `evolve` throws passes through.
    void read(event_store& store, position up_to);
    /// Folds one event, if it is in the boundary.
    void fold(const recorded_event& event);

    /// The last event that was read; 0 if there was none.
    position reached{};

private:
    struct folded {
        model_fold what;
        event_decoder decoder;
    };

    std::unique_ptr<void, void (*)(void*) noexcept> state_;
    std::vector<folded> folds_;
    event_query boundary_;
};

/// Where a choice of a boundary begins: its sets, and the key of the first tag of the first one.
struct choice_begin {
    const std::vector<tag_list>& sets;
    std::string_view key;
};

/// The stream of the first tag of the first choice that names one: "course-c1" for `course:c1`. Throws stele::error
/// (invalid_argument) if that is no stream for events of an application, or if there is no tag.
stream_id stream_of_tags(const std::vector<choice_begin>& choices);

/// Throws the error again that a function of a model has thrown, with the names of the model and the command.
[[noreturn]] void throw_of_model(std::string_view function, const model_type& type,
                                 const google::protobuf::Message& command, const error& thrown);

/// Calls what a function of a model ("boundary") gives for a command. A stele::error of it names both.
template <class Call>
auto in_model(std::string_view function, const model_type& type, const google::protobuf::Message& command,
              const Call& call) {
    try {
        return call();
    } catch (const error& thrown) {
        throw_of_model(function, type, command, thrown);
    }
}

/// How the type of a model is spelled in C++.
std::string cxx_name_of(const std::type_info& type);

}  // namespace detail
}  // namespace stele::inline v0
