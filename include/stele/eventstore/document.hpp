#pragma once

#include <stele/eventstore/event.hpp>

#include <cstddef>
#include <limits>
#include <string>

namespace stele::inline v0 {

/// A value that a store keeps beside its events: a snapshot, the receipt of a command, the checkpoint of a process.
/// It is found by its kind ("snapshot") and its key, which is any bytes; keys of one kind are in the order of bytes.
struct document {
    std::string key;
    std::string value;
    /// The position of the last event of the append it was written with; of the head, if there was none.
    stele::position position;
    /// When it was written last, by the clock of the store.
    timestamp written_at;
};

/// What is to be done with one document, as part of an append.
struct document_write {
    enum class action : std::uint8_t {
        put,     ///< Writes it, over what is there.
        add,     ///< Writes it; if there is one already, the whole append ends in a conflict.
        remove,  ///< Removes it if it is there.
    };

    std::string kind;        ///< Same rules as a stream name, no '-' needed.
    std::string key;         ///< 1 to 1024 bytes of any value.
    std::string value = {};  ///< Any bytes, also none; not looked at by `remove`.
    action what = action::put;
};

/// Which documents of a kind are wanted, in the order of their keys.
struct document_read_options {
    std::string prefix = {};  ///< Only keys that begin with this; the default lets all pass.
    std::string after =
        {};  ///< Exclusive: begins with the first key behind this one. The default begins with the first.
    std::size_t limit = std::numeric_limits<std::size_t>::max();  ///< At most so many.
};

}  // namespace stele::inline v0
