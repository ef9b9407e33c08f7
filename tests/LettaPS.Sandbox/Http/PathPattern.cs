namespace LettaPS.Sandbox.Http;

/// <summary>Paths with <c>*</c> for any one segment and <c>**</c> at the end for any rest.</summary>
internal static class PathPattern
{
    public static bool Matches(string pattern, string path)
    {
        var wanted = pattern.Split('/');
        var given = path.Split('/');
        for (var i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] == "**")
            {
                return true;
            }

            if (i >= given.Length || (wanted[i] != "*" && wanted[i] != given[i]))
            {
                return false;
            }
        }

        return wanted.Length == given.Length;
    }
}
