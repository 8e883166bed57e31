#pragma once

#include <stele/codec/stored_as.hpp>
#include <stele/eventstore/event_store.hpp>

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// One version of the schema of a stored message, as it was recorded.
struct recorded_schema {
    std::uint32_t version = 0;
    std::string bytes;                                       // of the document
    std::unique_ptr<google::protobuf::DescriptorPool> pool;  // owns the message
    const google::protobuf::Descriptor* message = nullptr;
};

/// Recorded versions, ascending, by schema_key().
using recorded_schema_map = std::map<std::string, std::vector<recorded_schema>, std::less<>>;

/// What the versions of a schema have in common in their keys: the type of an event; for a command and a snapshot the
/// process, aggregate or projection, "/" and the type.
std::string schema_key(std::string_view owner, std::string_view type);

/// A key in its parts. `owner` is empty for an event.
struct schema_name {
    std::string_view owner, type;
};
schema_name parse_schema_key(stored_as kind, std::string_view key);

/// Reads all that was recorded of a kind. Throws stele::error (corrupt), naming the document that cannot be read.
recorded_schema_map read_recorded_schemas(event_store& store, stored_as kind = stored_as::event);

/// Returns the value of the document that records a message. The same schema always gives the same bytes.
std::string schema_bytes(const google::protobuf::Descriptor& message);

/// Returns the document that records them as a version, to be added.
document_write schema_document(stored_as kind, std::string_view key, std::uint32_t version, std::string bytes);

}  // namespace stele::inline v0::detail
