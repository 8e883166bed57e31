#pragma once

#include <stele/eventstore/event.hpp>

#include <cstddef>
#include <limits>
#include <string>

namespace stele::inline v0 {

/// A value that a store keeps beside its events: a snapshot, the receipt of a command, the checkpoint of a process.
/// It is identified by its kind ("snapshot") and its key. Keys are any bytes and are ordered by them.
struct document {
    /// 1 to 1024 bytes of any value.
    std::string key;
    /// Any bytes; may be empty.
    std::string value;
    /// The position of the last event of the append that wrote it; the head then, if that append had no events.
    stele::position position;
    /// When it was last written, by the clock of the store.
    timestamp written_at;
};

/// What a document_write does.
enum class document_action : std::uint8_t {
    put,     ///< Inserts or replaces it.
    add,     ///< Inserts it; if it exists, the whole append is a conflict.
    remove,  ///< Removes it if it exists.
};

/// One change to a document, as part of an append.
struct document_write {
    std::string kind;                               ///< 1 to 512 bytes of UTF-8 without control characters.
    std::string key;                                ///< 1 to 1024 bytes of any value.
    std::string value = {};                         ///< Any bytes; may be empty. Ignored by `remove`.
    document_action action = document_action::put;  ///< What to do.
};

/// Which documents of a kind to list, in the order of their keys.
struct document_read_options {
    std::string prefix = {};  ///< Only keys that begin with this; empty: all keys.
    std::string after = {};   ///< Exclusive: only keys greater than this; empty: from the first key.
    std::size_t limit = (std::numeric_limits<std::size_t>::max)();  ///< At most this many.
};

}  // namespace stele::inline v0
