#include <stele/aggregates/detail/snapshot_rules.hpp>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <map>
#include <set>
#include <string>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

/// The definitions of messages and of all that they hold, by name: each as the bytes of its descriptor. A change to
/// another message of the same file does not show.
class definitions {
public:
    void add(const Descriptor& message) {
        if (!text_.emplace(message.full_name(), std::string{}).second) return;
        google::protobuf::DescriptorProto proto;
        message.CopyTo(&proto);
        proto.clear_nested_type();  // those that are held are added by themselves
        proto.clear_enum_type();
        text_[message.full_name()] = bytes_of(proto, *message.file());
        for (int i = 0; i < message.field_count(); ++i) {
            const FieldDescriptor& field = *message.field(i);
            if (field.message_type()) add(*field.message_type());
            if (field.enum_type()) add(*field.enum_type());
        }
    }

    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& [name, bytes] : text_) all += fmt::format("{} {}\n", name, bytes.size()) + bytes;
        return all;
    }

private:
    void add(const EnumDescriptor& values) {
        google::protobuf::EnumDescriptorProto proto;
        values.CopyTo(&proto);
        text_.emplace(values.full_name(), bytes_of(proto, *values.file()));
    }

    // The syntax of the file decides what an unset field means.
    static std::string bytes_of(const google::protobuf::Message& proto, const FileDescriptor& file) {
        std::string bytes = FileDescriptor::SyntaxName(file.syntax());
        google::protobuf::io::StringOutputStream stream(&bytes);
        google::protobuf::io::CodedOutputStream out(&stream);
        out.SetSerializationDeterministic(true);
        proto.SerializeToCodedStream(&out);
        return bytes;
    }

    std::map<std::string, std::string> text_;
};

}  // namespace

uuid snapshot_fingerprint(std::string_view name, std::uint64_t fold_version, const Descriptor& snapshot,
                          const std::vector<const Descriptor*>& events) {
    std::set<std::string> names;  // in one order, whatever the order of the list
    definitions all;
    all.add(snapshot);
    for (const Descriptor* event : events) {
        names.insert(event->full_name());
        all.add(*event);
    }
    std::string text = fmt::format("{}\n{}\n{}\n", name, fold_version, snapshot.full_name());
    for (const auto& event : names) text += event + '\n';
    return uuid::v5({}, text + all.text());
}

uuid snapshot_fold(std::string_view name, std::uint64_t fold_version, const Descriptor& snapshot) {
    return uuid::v5({}, fmt::format("{}\n{}\n{}\n", name, fold_version, snapshot.full_name()));
}

}  // namespace stele::inline v0::detail
