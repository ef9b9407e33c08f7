namespace LettaPS;

/// <summary>The product behind a reference to an image of Letta's.</summary>
/// <remarks>
/// The Docker Hub repository <c>letta/letta</c> has held two products since about September 2026: the V1 server with tags up to 0.16.8, and Letta Code with
/// tags from 0.30 on. <c>latest</c> is Letta Code.
/// </remarks>
public enum LettaImageProduct
{
    /// <summary>No image of Letta's.</summary>
    None,

    /// <summary>A release of the V1 server that LettaPS supports: 0.11.3 to 0.16.8, and 0.16.9 if it ever appears.</summary>
    V1,

    /// <summary>Letta Code, which is another product: it has no PostgreSQL and does not serve the V1 API.</summary>
    LettaCode,

    /// <summary>Whatever was pushed last. For <c>letta/letta</c> on Docker Hub that is Letta Code today.</summary>
    Floating,

    /// <summary>A release of the V1 server older than 0.11.3, whose database cannot be upgraded to 0.16.8 in one step.</summary>
    TooOld,

    /// <summary>A tag that no release is known to have, or a digest without a tag.</summary>
    Unknown,
}
