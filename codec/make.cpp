#include <stele/codec/make.hpp>

#include <google/protobuf/descriptor.h>

#include <vector>

namespace stele::inline v0::detail {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool are_alike(const FieldDescriptor& a, const FieldDescriptor& b) {
    if (a.is_map() && b.is_map())  // the entries are of two types
        return are_alike(*a.message_type()->map_key(), *b.message_type()->map_key()) &&
               are_alike(*a.message_type()->map_value(), *b.message_type()->map_value());
    const bool are_bytes = a.type() == FieldDescriptor::TYPE_BYTES;
    return a.cpp_type() == b.cpp_type() && are_bytes == (b.type() == FieldDescriptor::TYPE_BYTES) &&
           a.is_repeated() == b.is_repeated() && a.message_type() == b.message_type() && a.enum_type() == b.enum_type();
}

// One value: of a field, or the one at `index` of a repeated one, which is added to the other.
void copy_value(const Message& from, const FieldDescriptor& of, int index, Message& to, const FieldDescriptor& into) {
    const auto& read = *from.GetReflection();
    const auto& write = *to.GetReflection();
#define STELE_COPY(Name, Type)                                                     \
    case FieldDescriptor::CPPTYPE_##Name:                                          \
        if (of.is_repeated())                                                      \
            write.Add##Type(&to, &into, read.GetRepeated##Type(from, &of, index)); \
        else                                                                       \
            write.Set##Type(&to, &into, read.Get##Type(from, &of));                \
        return;
    switch (of.cpp_type()) {
        STELE_COPY(INT32, Int32)
        STELE_COPY(INT64, Int64)
        STELE_COPY(UINT32, UInt32)
        STELE_COPY(UINT64, UInt64)
        STELE_COPY(DOUBLE, Double)
        STELE_COPY(FLOAT, Float)
        STELE_COPY(BOOL, Bool)
        STELE_COPY(ENUM, EnumValue)
        STELE_COPY(STRING, String)
        case FieldDescriptor::CPPTYPE_MESSAGE:
            if (of.is_map())
                write.AddMessage(&to, &into)
                    ->ParsePartialFromString(read.GetRepeatedMessage(from, &of, index).SerializePartialAsString());
            else if (of.is_repeated())
                write.AddMessage(&to, &into)->CopyFrom(read.GetRepeatedMessage(from, &of, index));
            else
                write.MutableMessage(&to, &into)->CopyFrom(read.GetMessage(from, &of));
    }
#undef STELE_COPY
}

}  // namespace

void copy_equal_fields(const Message& from, Message& to) {
    std::vector<const FieldDescriptor*> set;
    from.GetReflection()->ListFields(from, &set);
    for (const auto* field : set) {
        const auto* into = to.GetDescriptor()->FindFieldByName(field->name());
        if (into == nullptr || !are_alike(*field, *into)) continue;
        const int count = field->is_repeated() ? from.GetReflection()->FieldSize(from, field) : 1;
        if (field->is_repeated()) to.GetReflection()->ClearField(&to, into);
        for (int i = 0; i < count; ++i) copy_value(from, *field, i, to, *into);
    }
}

}  // namespace stele::inline v0::detail
