#pragma once

#include <stele/eventstore/event_store.hpp>

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// One version of the schema of an event type, as it was recorded.
struct recorded_schema {
    std::uint32_t version = 0;
    std::string bytes;                                       // of the document
    std::unique_ptr<google::protobuf::DescriptorPool> pool;  // owns the message
    const google::protobuf::Descriptor* message = nullptr;
};

/// Recorded versions by event type, ascending.
using recorded_schema_map = std::map<std::string, std::vector<recorded_schema>, std::less<>>;

/// Reads all that was recorded. Throws stele::error (corrupt), naming the document that cannot be read.
recorded_schema_map read_recorded_schemas(event_store& store);

/// Returns the value of the document that records a message. The same schema always gives the same bytes.
std::string schema_bytes(const google::protobuf::Descriptor& message);

/// Returns the document that records them as a version of the type, to be added.
document_write schema_document(std::string_view type, std::uint32_t version, std::string bytes);

}  // namespace stele::inline v0::detail
