using Mono.Cecil;
using Mono.Cecil.Cil;

namespace LettaPS.Core.Tests.Kit;

/// <summary>Which types of an assembly use which others of it: in signatures and in bodies.</summary>
internal static class TypeUses
{
    /// <summary>Every use, as types that are in a namespace: what is nested, or was made by the compiler, counts as its outermost type.</summary>
    /// <param name="assembly">Path of the assembly.</param>
    public static IReadOnlyList<(TypeDefinition From, TypeDefinition To)> Of(string assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        return
        [
            .. from type in module.GetTypes()
               from used in Signatures(type).Concat(type.Methods.Where(m => m.HasBody).SelectMany(m => Body(m.Body))).SelectMany(Parts)
               where used.Scope == module && used is not GenericParameter
               let uses = (From: Outermost(type), To: Outermost(used.Resolve()))
               where uses.From != uses.To
               select uses,
        ];
    }

    private static IEnumerable<TypeReference?> Signatures(TypeDefinition type) =>
    [
        type.BaseType,
        .. type.Interfaces.Select(i => i.InterfaceType),
        .. type.Fields.Select(f => f.FieldType),
        .. type.Methods.SelectMany(Signature),
    ];

    private static IEnumerable<TypeReference?> Signature(MethodReference method) =>
    [
        method.DeclaringType,
        method.ReturnType,
        .. method.Parameters.Select(p => p.ParameterType),
        .. (method as GenericInstanceMethod)?.GenericArguments ?? [],
    ];

    private static IEnumerable<TypeReference?> Body(MethodBody body) =>
    [
        .. body.Variables.Select(v => v.VariableType),
        .. body.ExceptionHandlers.Select(h => h.CatchType),
        .. body.Instructions.SelectMany(i => i.Operand switch
        {
            TypeReference type => [type],
            MethodReference method => Signature(method),
            FieldReference field => [field.DeclaringType, field.FieldType],
            _ => Enumerable.Empty<TypeReference?>(),
        }),
    ];

    /// <summary>A type with what it is made of: elements of arrays, arguments of generic types.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference? type) => type switch
    {
        null => [],
        GenericInstanceType generic => [generic.ElementType, .. generic.GenericArguments.SelectMany(Parts)],
        TypeSpecification made => Parts(made.ElementType),
        _ => [type],
    };

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
